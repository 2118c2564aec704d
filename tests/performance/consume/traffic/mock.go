package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	tokens = 64
	pace   = 20 * time.Millisecond
	// A prompt with these words gets its stream as fast as it can be written.
	hurry = "without pause"
)

// serveMock answers until it is ended: what one frame is, each receiver sees as one.
func serveMock(arguments []string) any {
	flags := flag.NewFlagSet("mock", flag.ExitOnError)
	port := flags.Int("port", 0, "where to listen")
	file := flags.String("answer", "", "file with a whole completion")
	_ = flags.Parse(arguments)
	body, err := os.ReadFile(*file)
	if err != nil {
		fail(err)
	}
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n", len(body))
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		fail(err)
	}
	vendor := &vendor{plain: append([]byte(head), body...), frames: frames()}
	for {
		connection, err := listener.Accept()
		if err != nil {
			fail(err)
		}
		go vendor.serve(connection)
	}
}

type vendor struct {
	plain  []byte
	frames [][]byte
}

func (v *vendor) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReader(connection)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		if v.answer(connection, body) != nil {
			return
		}
	}
}

func (v *vendor) answer(connection net.Conn, body []byte) error {
	if !bytes.Contains(body, []byte(`"stream":true`)) && !bytes.Contains(body, []byte(`"stream": true`)) {
		_, err := connection.Write(v.plain)
		return err
	}
	paced := !bytes.Contains(body, []byte(hurry))
	head := "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
	if _, err := connection.Write([]byte(head)); err != nil {
		return err
	}
	began := time.Now()
	for number, frame := range v.frames {
		// The role comes at once, each token at its moment whatever the one before cost, the rest with the last token.
		if paced && number >= 1 && number <= tokens {
			time.Sleep(time.Until(began.Add(time.Duration(number) * pace)))
		}
		if _, err := connection.Write(frame); err != nil {
			return err
		}
	}
	return nil
}

// frames are the events of one stream, each a chunk of the transfer encoding: role, tokens, finish, usage, end.
func frames() [][]byte {
	made := [][]byte{delta(`{"role":"assistant","content":""}`, "null")}
	for number := 0; number < tokens; number++ {
		made = append(made, delta(fmt.Sprintf(`{"content":" tide%02d"}`, number), "null"))
	}
	made = append(made, delta(`{}`, `"stop"`))
	usage := fmt.Sprintf(`"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":%d,"total_tokens":%d}`, tokens, 20+tokens)
	made = append(made, event(usage))
	return append(made, chunk("data: [DONE]\n\n"), []byte("0\r\n\r\n"))
}

func delta(content, finish string) []byte {
	return event(fmt.Sprintf(`"choices":[{"index":0,"delta":%s,"finish_reason":%s}]`, content, finish))
}

func event(members string) []byte {
	return chunk(fmt.Sprintf(
		`data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1760000000,"model":"mock-chat",%s}`+"\n\n",
		members))
}

func chunk(data string) []byte {
	return []byte(fmt.Sprintf("%x\r\n%s\r\n", len(data), data))
}
