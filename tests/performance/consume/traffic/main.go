// Traffic for the comparison of gateways: vendors that stand in for real ones, and callers that measure.
//
//	traffic mock -port N -answer FILE          a vendor: plain completions, streams paced or not
//	traffic closed -target FILE ...            every connection asks again as soon as it was answered
//	traffic turns -target FILE -target FILE    one call at a time, the targets in turns
//	traffic open -target FILE -rate N ...      calls at fixed moments, late or not; latency counts from the moment meant
//	traffic streams -target FILE ...           streams that begin at fixed moments, their frames counted
//
// Figures come out as one JSON object; durations are milliseconds.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
)

// More threads than cores: one that sleeps to an exact moment must not hold up those that read answers.
const threads = 4

func main() {
	runtime.GOMAXPROCS(threads)
	commands := map[string]func([]string) any{
		"mock": serveMock, "closed": askWithoutPause, "turns": askInTurns, "open": askAtMoments, "streams": openStreams,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fail(fmt.Errorf("say one of mock, closed, turns, open, streams"))
	}
	if err := json.NewEncoder(os.Stdout).Encode(commands[os.Args[1]](os.Args[2:])); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "error:", err)
	os.Exit(1)
}
