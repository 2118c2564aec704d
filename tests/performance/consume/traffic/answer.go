package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http/httputil"
	"strconv"
)

var (
	lengthName   = []byte("content-length:")
	encodingName = []byte("transfer-encoding:")
	closingName  = []byte("connection: close")
	errMalformed = errors.New("no HTTP answer")
)

// head is what must be known of an answer to read its body.
type head struct {
	status  int
	length  int64
	chunked bool
	closing bool
}

func readHead(reader *bufio.Reader) (head, error) {
	var found head
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return found, err
	}
	if len(line) < 12 {
		return found, errMalformed
	}
	if found.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return found, err
	}
	for {
		line, err = reader.ReadSlice('\n')
		if err != nil {
			return found, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return found, nil
		}
		found.note(line)
	}
}

func (h *head) note(line []byte) {
	switch {
	case startsWith(line, lengthName):
		h.length, _ = strconv.ParseInt(string(bytes.TrimSpace(line[len(lengthName):])), 10, 64)
	case startsWith(line, encodingName):
		h.chunked = true
	case startsWith(line, closingName):
		h.closing = true
	}
}

func startsWith(line, name []byte) bool {
	return len(line) >= len(name) && bytes.EqualFold(line[:len(name)], name)
}

// body gives the answer's body without its transfer encoding.
func (h head) body(reader *bufio.Reader) io.Reader {
	if h.chunked {
		return httputil.NewChunkedReader(reader)
	}
	return io.LimitReader(reader, h.length)
}

// skip reads an answer to its end and gives its head.
func skip(reader *bufio.Reader) (head, error) {
	found, err := readHead(reader)
	if err != nil {
		return found, err
	}
	if !found.chunked {
		_, err = reader.Discard(int(found.length))
		return found, err
	}
	if _, err = io.Copy(io.Discard, found.body(reader)); err != nil {
		return found, err
	}
	return found, endOfChunks(reader)
}

// endOfChunks reads the blank line that the chunked reader leaves behind its last chunk.
func endOfChunks(reader *bufio.Reader) error {
	_, err := reader.ReadSlice('\n')
	return err
}
