// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/tcp.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vnet::flow {
namespace {

constexpr uint8_t fin = 0x01;
constexpr uint8_t syn = 0x02;
constexpr uint8_t rst = 0x04;
constexpr uint8_t ack = 0x10;

struct Segment {
    Direction direction;
    uint8_t flags;
    Timer expected;
};
constexpr Direction out = Direction::forward;
constexpr Direction in = Direction::reverse;

struct Case {
    const char* description;
    std::vector<Segment> segments;
};

TEST(TcpState, FollowsConnections) {
    const Case cases[] = {
        {"an ordinary life",
         {{out, syn, Timer::tcp_transitory},
          {in, syn | ack, Timer::tcp_transitory},
          {out, ack, Timer::tcp_established},
          {in, ack, Timer::tcp_established},
          {out, fin | ack, Timer::tcp_established},
          {in, ack, Timer::tcp_established},
          {in, fin | ack, Timer::tcp_time_wait},
          {out, ack, Timer::tcp_time_wait}}},
        {"a simultaneous open (RFC 5382 REQ-2)",
         {{out, syn, Timer::tcp_transitory},
          {in, syn, Timer::tcp_transitory},
          {out, syn | ack, Timer::tcp_transitory},
          {in, syn | ack, Timer::tcp_established}}},
        {"nobody answers",
         {{out, syn, Timer::tcp_transitory},
          {out, syn, Timer::tcp_transitory},
          {out, ack, Timer::tcp_transitory}}},
        {"refused", {{out, syn, Timer::tcp_transitory}, {in, rst | ack, Timer::tcp_transitory}}},
        {"one that began before the session",
         {{out, ack, Timer::tcp_transitory}, {in, ack, Timer::tcp_established}}},
        {"a reset that was forged (RFC 7857 2.2)",
         {{out, syn, Timer::tcp_transitory},
          {in, syn | ack, Timer::tcp_transitory},
          {out, ack, Timer::tcp_established},
          {in, rst, Timer::tcp_transitory},
          {in, ack, Timer::tcp_established}}},
        {"the same ports again",
         {{out, syn, Timer::tcp_transitory},
          {in, syn | ack, Timer::tcp_transitory},
          {out, ack, Timer::tcp_established},
          {out, fin | ack, Timer::tcp_established},
          {in, fin | ack, Timer::tcp_time_wait},
          {out, syn, Timer::tcp_transitory},
          {in, syn | ack, Timer::tcp_transitory},
          {out, ack, Timer::tcp_established}}},
        {"a SYN in an established connection changes nothing (RFC 5961)",
         {{out, syn, Timer::tcp_transitory},
          {in, syn | ack, Timer::tcp_transitory},
          {out, ack, Timer::tcp_established},
          {in, syn, Timer::tcp_established}}},
    };
    for (const Case& test : cases) {
        TcpState state;
        for (size_t i = 0; i < test.segments.size(); ++i) {
            const Segment& segment = test.segments[i];
            state = next_tcp_state(state, segment.direction, segment.flags);
            EXPECT_EQ(state.timer, segment.expected) << test.description << ", segment " << i;
        }
    }
}

}  // namespace
}  // namespace vnet::flow
