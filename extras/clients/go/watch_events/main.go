// SPDX-License-Identifier: Apache-2.0

// Watch_events prints what changes in a Sluice router, as it happens; it goes on where it was after a lost connection.
//
//	watch_events                                  all topics, with what there is at first
//	watch_events --topics interface,neighbor      some of them
//	watch_events --topics route --state-only      what there is, and end
//	watch_events --topics route --no-state --quiet --stop-after 100000
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"sluice/client"
	"sluice/pb"
)

var errEnough = errors.New("enough")

const topicPrefix = "EVENT_TOPIC_"

func readTopics(text string) ([]pb.EventTopic, error) {
	known := map[string]pb.EventTopic{}
	var names []string
	for name, value := range pb.EventTopic_value {
		word := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, topicPrefix)), "_", "-")
		known[word] = pb.EventTopic(value)
		names = append(names, word)
	}
	sort.Strings(names)
	var topics []pb.EventTopic
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		topic, there := known[word]
		if !there {
			return nil, fmt.Errorf("there is no topic %q; there are: %s", word, strings.Join(names, ", "))
		}
		topics = append(topics, topic)
	}
	return topics, nil
}

// program prints, and keeps count of changes.
type program struct {
	out       *bufio.Writer
	quiet     bool
	stopAfter int
	stateOnly bool
	changes   [4]int
	total     int
	began     time.Time
}

// say writes a line that whoever started this waits for, quiet or not where it says that all is well.
func (p *program) say(always bool, format string, values ...interface{}) error {
	if always || !p.quiet {
		fmt.Fprintf(p.out, format+"\n", values...)
	}
	return p.out.Flush()
}

func (p *program) Following() error { return p.say(true, "! following") }

func (p *program) Interrupted(reason string) error { return p.say(false, "! interrupted: %s", reason) }

func (p *program) StateLost() error { return p.say(false, "! lost: what was known may be wrong") }

func (p *program) Events(events []*pb.Event, stateComplete bool) error {
	for _, event := range events {
		if event.Change != pb.EventChange_EVENT_CHANGE_STATE {
			if p.total == 0 {
				p.began = time.Now()
			}
			p.total++
			if int(event.Change) < len(p.changes) {
				p.changes[event.Change]++
			}
		}
		if !p.quiet {
			sign := "?"
			if int(event.Change) < len(p.changes) {
				sign = "=+~-"[event.Change : event.Change+1]
			}
			fmt.Fprintln(p.out, sign, client.EventText(event))
		}
	}
	if stateComplete {
		if err := p.say(false, "! that is all there is"); err != nil {
			return err
		}
		if p.stateOnly {
			return errEnough
		}
	}
	if p.stopAfter > 0 && p.total >= p.stopAfter {
		return errEnough
	}
	return p.out.Flush()
}

func (p *program) summary() {
	seconds := 0.0
	if p.total > 0 {
		seconds = time.Since(p.began).Seconds()
	}
	p.say(true, "%d changes (%d added, %d changed, %d removed) in %.3f s", p.total,
		p.changes[pb.EventChange_EVENT_CHANGE_ADDED], p.changes[pb.EventChange_EVENT_CHANGE_CHANGED],
		p.changes[pb.EventChange_EVENT_CHANGE_REMOVED], seconds)
}

func main() {
	p := &program{out: bufio.NewWriter(os.Stdout)}
	connection := client.Flags(flag.CommandLine)
	topicText := flag.String("topics", "", "interface, address, neighbor, route, next-hop, plugin, resource; all where left out")
	noState := flag.Bool("no-state", false, "changes only")
	flag.BoolVar(&p.stateOnly, "state-only", false, "end when all that there is was told")
	flag.IntVar(&p.stopAfter, "stop-after", 0, "end after so many changes")
	flag.BoolVar(&p.quiet, "quiet", false, "print the summary only")
	flag.Parse()
	topics, err := readTopics(*topicText)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = client.Follow(ctx, connection, client.Request{Topics: topics, WithState: !*noState}, p)
	}
	if err != nil && !errors.Is(err, errEnough) && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "error:", status.Convert(err).Message())
		os.Exit(1)
	}
	p.summary()
}
