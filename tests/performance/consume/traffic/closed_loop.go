package main

import (
	"bufio"
	"flag"
	"net"
	"sync"
	"time"
)

// caller is one kept connection.
type caller struct {
	target     *target
	connection net.Conn
	reader     *bufio.Reader
}

func newCaller(to *target) *caller {
	one := &caller{target: to}
	one.connect()
	return one
}

func (c *caller) connect() {
	if c.connection != nil {
		c.connection.Close()
	}
	c.connection = c.target.dial()
	c.reader = bufio.NewReaderSize(c.connection, 16<<10)
}

// ask sends one request and reads its whole answer; a connection that broke is made anew for the next.
func (c *caller) ask(request []byte) (int, error) {
	_ = c.connection.SetDeadline(time.Now().Add(patience))
	if _, err := c.connection.Write(request); err != nil {
		c.connect()
		return 0, err
	}
	found, err := skip(c.reader)
	if err != nil || found.closing {
		c.connect()
	}
	return found.status, err
}

func askWithoutPause(arguments []string) any {
	flags := flag.NewFlagSet("closed", flag.ExitOnError)
	connections := flags.Int("connections", 16, "how many ask at once")
	seconds := flags.Float64("seconds", 5, "for how long")
	var to targets
	flags.Var(&to, "target", "file with address and requests")
	_ = flags.Parse(arguments)
	began := time.Now()
	until := began.Add(time.Duration(*seconds * float64(time.Second)))
	tallies := make([]*tally, *connections)
	var all sync.WaitGroup
	for number := range tallies {
		tallies[number] = newTally()
		all.Add(1)
		go func(seen *tally, first int) {
			defer all.Done()
			askUntil(until, newCaller(to[0]), seen, first)
		}(tallies[number], number)
	}
	all.Wait()
	joined := newTally()
	for _, seen := range tallies {
		joined.took = append(joined.took, seen.took...)
		for what, count := range seen.refused {
			joined.refused[what] += count
		}
	}
	return joined.outcome(began)
}

func askUntil(until time.Time, from *caller, seen *tally, first int) {
	defer func() { from.connection.Close() }()
	for number := first; time.Now().Before(until); number++ {
		request := []byte(from.target.Requests[number%len(from.target.Requests)])
		sent := time.Now()
		status, err := from.ask(request)
		seen.note(status, err, time.Since(sent))
	}
}

func askInTurns(arguments []string) any {
	flags := flag.NewFlagSet("turns", flag.ExitOnError)
	rounds := flags.Int("rounds", 20, "how often each target has its turn")
	calls := flags.Int("calls", 50, "calls of one turn")
	var to targets
	flags.Var(&to, "target", "file with address and requests; several")
	_ = flags.Parse(arguments)
	began := time.Now()
	callers, tallies := make([]*caller, len(to)), make([]*tally, len(to))
	for place, one := range to {
		callers[place], tallies[place] = newCaller(one), newTally()
		_, _ = callers[place].ask(one.request())
	}
	for turn := 0; turn < *rounds**calls*len(to); turn++ {
		place := turn / *calls % len(to)
		request := to[place].request()
		sent := time.Now()
		status, err := callers[place].ask(request)
		tallies[place].note(status, err, time.Since(sent))
	}
	outcomes := make([]outcome, len(to))
	for place, seen := range tallies {
		outcomes[place] = seen.outcome(began)
	}
	return outcomes
}
