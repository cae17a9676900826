// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"sluice/pb"
)

// Handler is told what comes of following events. An error from any of its methods ends Follow, which returns it.
type Handler interface {
	// Following: the daemon answers, and events follow from here.
	Following() error
	// Interrupted: the connection is lost; another is tried.
	Interrupted(reason string) error
	// StateLost: what is known by now may be wrong: forget it, the state follows.
	StateLost() error
	// Events brings some, in order. With stateComplete, the state is told in full with them.
	Events(events []*pb.Event, stateComplete bool) error
}

// Request says what to follow.
type Request struct {
	// All where it is empty.
	Topics []pb.EventTopic
	// Begin with what there is, and again whenever something was missed that the daemon knows no longer.
	WithState bool
	// Between two tries to connect; 0.2 s where it is 0.
	Pause time.Duration
}

// Follow tells the handler of all that happens from now on, each change once and in order, until the context ends, the
// handler has enough or the daemon refuses.
func Follow(ctx context.Context, connection *Connection, request Request, handler Handler) error {
	pause := request.Pause
	if pause == 0 {
		pause = 200 * time.Millisecond
	}
	var position *pb.EventPosition
	for {
		err := followOnce(ctx, connection, request, &position, handler)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !isPassing(err) {
			return err
		}
		if err := handler.Interrupted(status.Convert(err).Message()); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// isPassing tells whether the daemon is gone or goes, or this client was too slow: worth another try.
func isPassing(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.ResourceExhausted
}

func followOnce(ctx context.Context, connection *Connection, request Request, position **pb.EventPosition,
	handler Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	daemon, err := connection.Open()
	if err != nil {
		return err
	}
	defer daemon.Close()
	stream, err := pb.NewEventsClient(daemon).Watch(ctx, &pb.WatchEventsRequest{
		Topics: request.Topics, After: *position, WithState: request.WithState})
	if err != nil {
		return err
	}
	for first := true; ; first = false {
		batch, err := stream.Recv()
		if err != nil {
			return err
		}
		if first {
			if err := handler.Following(); err != nil {
				return err
			}
			if batch.Lost {
				if err := handler.StateLost(); err != nil {
					return err
				}
			}
		}
		if len(batch.Events) > 0 || batch.StateComplete {
			if err := handler.Events(batch.Events, batch.StateComplete); err != nil {
				return err
			}
		}
		// Only now: the handler has dealt with what it was told.
		if batch.Position != nil {
			*position = batch.Position
		}
	}
}
