package main

import (
	"runtime"
	"syscall"
	"time"
)

const setTimerSlack = 29

// sharpSleep makes this goroutine's thread its own and its sleeps exact to some ten microseconds.
func sharpSleep() {
	runtime.LockOSThread()
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)
}

func sleepUntil(moment time.Time) {
	for left := time.Until(moment); left > 0; left = time.Until(moment) {
		span := syscall.NsecToTimespec(left.Nanoseconds())
		_ = syscall.Nanosleep(&span, nil)
	}
}
