package main

import (
	"encoding/json"
	"net"
	"os"
	"time"
)

const patience = 30 * time.Second

// target is a server and the requests that it gets in turns, as bytes: keys have rates of their own.
type target struct {
	Address  string   `json:"address"`
	Requests []string `json:"requests"`
	next     int
}

// targets collects every -target of a command line.
type targets []*target

func (t *targets) String() string { return "" }

func (t *targets) Set(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	read := &target{}
	*t = append(*t, read)
	return json.Unmarshal(data, read)
}

func (t *target) request() []byte {
	t.next++
	return []byte(t.Requests[t.next%len(t.Requests)])
}

func (t *target) dial() net.Conn {
	connection, err := net.DialTimeout("tcp", t.Address, patience)
	if err != nil {
		fail(err)
	}
	return connection
}
