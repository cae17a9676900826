// SPDX-License-Identifier: Apache-2.0

package client

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

// codec turns messages into bytes and back. The one that comes with Debian's gRPC is built on the first generation of
// Go's protobuf library, which does not know messages that were generated for the second.
type codec struct{}

func (codec) Marshal(value interface{}) ([]byte, error) {
	message, ok := value.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no message", value)
	}
	return proto.Marshal(message)
}

func (codec) Unmarshal(bytes []byte, value interface{}) error {
	message, ok := value.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is no message", value)
	}
	return proto.Unmarshal(bytes, message)
}

func (codec) Name() string { return "proto" }
