package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"io"
	"sync"
	"time"
)

var (
	dataName   = []byte("data:")
	endMark    = []byte("[DONE]")
	errUnended = errors.New("no end mark")
)

// streamsOutcome counts whole streams (all frames and the end mark), frames, and gaps that no pace explains.
type streamsOutcome struct {
	Seconds    float64        `json:"seconds"`
	Asked      int            `json:"asked"`
	Whole      int            `json:"whole"`
	Frames     int            `json:"frames"`
	Stalled    int            `json:"stalled"`
	FirstFrame summary        `json:"first_frame"`
	Gap        summary        `json:"gap"`
	Refused    map[string]int `json:"refused"`
}

// openStreams begins a stream at each of its moments, spread evenly over `-spread` seconds.
func openStreams(arguments []string) any {
	flags := flag.NewFlagSet("streams", flag.ExitOnError)
	count := flags.Int("count", 32, "how many streams in all")
	spread := flags.Float64("spread", 1.3, "seconds over which they begin")
	least := flags.Int("frames", tokens+2, "frames of a whole stream, the end mark not counted")
	stall := flags.Float64("stall", 200, "milliseconds between frames that count as a stall")
	var to targets
	flags.Var(&to, "target", "file with address and requests")
	_ = flags.Parse(arguments)
	sharpSleep()
	seen := &streamTally{first: newTally(), least: *least, stall: time.Duration(*stall * float64(time.Millisecond))}
	pool := &streamPool{target: to[0]}
	var all sync.WaitGroup
	began := time.Now()
	for number := 0; number < *count; number++ {
		sleepUntil(began.Add(time.Duration(float64(number) / float64(*count) * *spread * float64(time.Second))))
		all.Add(1)
		from, request := pool.take(), to[0].request()
		go func() {
			defer all.Done()
			if seen.follow(from, request) {
				pool.give(from)
			}
		}()
	}
	all.Wait()
	return streamsOutcome{
		time.Since(began).Seconds(), *count, seen.whole, seen.frames, seen.stalled,
		summarised(seen.first.took), summarised(seen.gaps), seen.first.refused,
	}
}

type streamPool struct {
	target *target
	lock   sync.Mutex
	idle   []*caller
}

func (p *streamPool) take() *caller {
	p.lock.Lock()
	defer p.lock.Unlock()
	if last := len(p.idle) - 1; last >= 0 {
		one := p.idle[last]
		p.idle = p.idle[:last]
		return one
	}
	return newCaller(p.target)
}

func (p *streamPool) give(one *caller) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.idle = append(p.idle, one)
}

type streamTally struct {
	lock                   sync.Mutex
	first                  *tally
	gaps                   []time.Duration
	whole, frames, stalled int
	least                  int
	stall                  time.Duration
}

// follow one stream to its end; whether its connection may be used again.
func (t *streamTally) follow(from *caller, request []byte) bool {
	_ = from.connection.SetDeadline(time.Now().Add(patience))
	sent := time.Now()
	if _, err := from.connection.Write(request); err != nil {
		t.first.note(0, err, 0)
		return false
	}
	found, err := readHead(from.reader)
	if err != nil || found.status != 200 {
		t.first.note(found.status, err, 0)
		from.connection.Close()
		return false
	}
	moments, err := frameMoments(bufio.NewReader(found.body(from.reader)))
	t.add(sent, moments, err)
	if err != nil || !found.chunked || found.closing || endOfChunks(from.reader) != nil {
		from.connection.Close()
		return false
	}
	return true
}

// frameMoments is when each event with data came, the end mark left out. An error where that is missing.
func frameMoments(body *bufio.Reader) ([]time.Time, error) {
	var moments []time.Time
	ended := false
	for {
		line, err := body.ReadSlice('\n')
		if bytes.HasPrefix(line, dataName) {
			if bytes.Contains(line, endMark) {
				ended = true
			} else {
				moments = append(moments, time.Now())
			}
		}
		if err == io.EOF && ended {
			return moments, nil
		}
		if err == io.EOF {
			return moments, errUnended
		}
		if err != nil {
			return moments, err
		}
	}
}

func (t *streamTally) add(sent time.Time, moments []time.Time, err error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.frames += len(moments)
	if err == nil && len(moments) >= t.least {
		t.whole++
	}
	if len(moments) == 0 {
		t.first.note(0, errUnended, 0)
		return
	}
	t.first.note(200, nil, moments[0].Sub(sent))
	stalled := false
	for place, moment := range moments[1:] {
		gap := moment.Sub(moments[place])
		t.gaps = append(t.gaps, gap)
		stalled = stalled || gap > t.stall
	}
	if stalled {
		t.stalled++
	}
}
