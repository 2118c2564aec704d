"""What calls may not do: policies in Cedar, their versions, and which of them are in force."""
