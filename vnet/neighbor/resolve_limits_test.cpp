// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/resolve_limits.hpp"

#include <gtest/gtest.h>

#include "vnet/neighbor/testing/link.hpp"

namespace vnet::neighbor {
namespace {

using testing::Link;
using wire::testing::ip;
using wire::testing::packet;

uint64_t limited(const Link& link) {
    return link.drops("ip4-resolve", "rate-limited");
}

TEST(ResolveLimits, WhoScansSpendsHisOwnShare) {
    Link link;
    ASSERT_TRUE(link.fib
                    ->add(wire::testing::prefix("50.0.0.0/8"), ip4::RouteSource::configured,
                          {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.250")})
                    .ok());
    const auto send = [&](const char* from, const char* to, unsigned count = 1) {
        for (unsigned i = 0; i < count; ++i) {
            link.receive(
                Link::wan,
                packet().ethernet("02:00:00:00:00:b2", Link::wan_mac).ip4(from, to).udp().bytes());
        }
        link.settle();
    };
    for (unsigned i = 0; i < 10; ++i) {
        send("10.1.0.66", "10.0.0.66", 100);
    }
    const uint64_t scan = limited(link);
    EXPECT_GT(scan, 0u);
    send("10.1.0.2", "10.0.0.9", 3);
    send("10.1.0.66", "50.0.0.1", 3);
    EXPECT_EQ(limited(link), scan) << "another sender, and the next hop of a route";
    for (unsigned i = 0; i < 10; ++i) {
        send("10.1.0.2", "50.0.0.1", 100);
    }
    EXPECT_GT(limited(link), scan) << "one next hop has no more than its share either";
    send("10.1.0.2", "10.0.0.10");
    EXPECT_EQ(link.table->count(State::incomplete), 4u);
}

}  // namespace
}  // namespace vnet::neighbor
