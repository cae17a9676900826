// SPDX-License-Identifier: Apache-2.0
#include "plugins/loopback/transmit.hpp"

#include <gtest/gtest.h>

#include "graph/testing/bench.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace loopback {
namespace {

using graph::testing::Bench;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;

struct Case {
    const char* what;
    Bytes in;
    const char* drop;
};

Bytes frame_to(const char* station) {
    return packet().ethernet("02:00:00:00:00:01", station).type(0x0800).payload(46).bytes();
}

TEST(Transmit, DropsByNameAtEveryBurst) {
    const auto engine = [] {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        return std::move(*graph::Engine::create(options));
    }();
    const vnet::interface::Table table(*engine);
    Bench bench;
    bench.add(std::make_shared<const Transmit>(table));
    const Case cases[] = {
        {"a host of its network", frame_to("02:00:00:00:00:99"), "nobody-there"},
        {"an ARP request", frame_to("ff:ff:ff:ff:ff:ff"), "group"},
        {"a hello of a routing protocol", frame_to("01:00:5e:00:00:05"), "group"},
        {"fewer bytes than a header", Bytes(13), "nobody-there"},
    };
    for (const Case& test : cases) {
        SCOPED_TRACE(test.what);
        for (const unsigned burst : Bench::bursts) {
            const auto results = bench.run("loopback-tx", test.in, burst);
            ASSERT_EQ(results.size(), burst);
            for (const auto& result : results) {
                EXPECT_EQ(result.drop, test.drop);
            }
        }
    }
}

}  // namespace
}  // namespace loopback
