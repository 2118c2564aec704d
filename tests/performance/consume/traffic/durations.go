package main

import (
	"sort"
	"strconv"
	"sync"
	"time"
)

// summary of durations in milliseconds.
type summary struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

func summarised(durations []time.Duration) summary {
	if len(durations) == 0 {
		return summary{}
	}
	sort.Slice(durations, func(i, j int) bool { return durations[i] < durations[j] })
	at := func(share float64) float64 {
		return durations[int(share*float64(len(durations)-1)+0.5)].Seconds() * 1000
	}
	return summary{len(durations), at(0.5), at(0.9), at(0.99), at(0.999), at(1)}
}

// tally collects what several connections saw.
type tally struct {
	lock    sync.Mutex
	took    []time.Duration
	refused map[string]int
}

func newTally() *tally { return &tally{refused: map[string]int{}} }

func (t *tally) note(status int, err error, took time.Duration) {
	t.lock.Lock()
	defer t.lock.Unlock()
	switch {
	case err != nil:
		t.refused["broken"]++
	case status != 200:
		t.refused[strconv.Itoa(status)]++
	default:
		t.took = append(t.took, took)
	}
}

// outcome of one kind of traffic to one target.
type outcome struct {
	Seconds float64        `json:"seconds"`
	Took    summary        `json:"took"`
	Refused map[string]int `json:"refused"`
}

func (t *tally) outcome(began time.Time) outcome {
	return outcome{time.Since(began).Seconds(), summarised(t.took), t.refused}
}
