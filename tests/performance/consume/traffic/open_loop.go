package main

import (
	"bufio"
	"flag"
	"net"
	"sync"
	"time"
)

// More calls than this under way, and the target is lost; what is meant to begin then counts as broken.
const mostUnderWay = 2000

// askAtMoments sends at fixed moments on whatever connection is free, a new one where none is.
func askAtMoments(arguments []string) any {
	flags := flag.NewFlagSet("open", flag.ExitOnError)
	rate := flags.Float64("rate", 100, "calls a second")
	seconds := flags.Float64("seconds", 5, "for how long")
	var to targets
	flags.Var(&to, "target", "file with address and requests")
	_ = flags.Parse(arguments)
	sharpSleep()
	crowd := &crowd{target: to[0], seen: newTally()}
	crowd.warm(4)
	began := time.Now()
	for number := 0; number < int(*rate**seconds); number++ {
		meant := began.Add(time.Duration(float64(number) / *rate * float64(time.Second)))
		sleepUntil(meant)
		crowd.send(meant)
	}
	crowd.underWay.Wait()
	return crowd.seen.outcome(began)
}

// crowd is a pool of connections, each with a reader of its own.
type crowd struct {
	target   *target
	seen     *tally
	lock     sync.Mutex
	idle     []*member
	busy     int
	underWay sync.WaitGroup
}

type member struct {
	connection net.Conn
	meant      chan time.Time
}

func (c *crowd) warm(count int) {
	for range make([]struct{}, count) {
		c.idle = append(c.idle, c.join())
	}
}

func (c *crowd) join() *member {
	one := &member{c.target.dial(), make(chan time.Time, 1)}
	go c.read(one)
	return one
}

func (c *crowd) send(meant time.Time) {
	one := c.free()
	if one == nil {
		c.seen.note(0, errMalformed, 0)
		return
	}
	c.underWay.Add(1)
	one.meant <- meant
	_ = one.connection.SetDeadline(time.Now().Add(patience))
	// Where it fails, the reader's read fails too and is counted.
	_, _ = one.connection.Write(c.target.request())
}

func (c *crowd) free() *member {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.busy >= mostUnderWay {
		return nil
	}
	c.busy++
	if last := len(c.idle) - 1; last >= 0 {
		one := c.idle[last]
		c.idle = c.idle[:last]
		return one
	}
	return c.join()
}

func (c *crowd) read(one *member) {
	defer one.connection.Close()
	reader := bufio.NewReaderSize(one.connection, 16<<10)
	for meant := range one.meant {
		found, err := skip(reader)
		c.seen.note(found.status, err, time.Since(meant))
		c.lock.Lock()
		c.busy--
		keep := err == nil && !found.closing
		if keep {
			c.idle = append(c.idle, one)
		}
		c.lock.Unlock()
		c.underWay.Done()
		if !keep {
			return
		}
	}
}
