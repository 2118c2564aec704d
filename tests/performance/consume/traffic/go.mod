module traffic

go 1.20
