// SPDX-License-Identifier: Apache-2.0
#include "vnet/flow/session.hpp"

#include <gtest/gtest.h>

#include "graph/stable_array.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::flow {
namespace {

using wire::testing::ip;

TEST(Key, TurnsRound) {
    const Key key{ip("10.0.0.1"), ip("192.0.2.1"), Ports::of(1000, 53), 3, 17, 0};
    EXPECT_EQ(key.ports.source(), 1000);
    EXPECT_EQ(key.ports.destination(), 53);
    const Key back = key.reversed();
    EXPECT_EQ(back.source, key.destination);
    EXPECT_EQ(back.ports, Ports::of(53, 1000));
    EXPECT_EQ(back.reversed(), key);
    EXPECT_FALSE(back == key);
}

TEST(Key, EveryFieldCounts) {
    const Key key{ip("10.0.0.1"), ip("192.0.2.1"), Ports::of(1000, 53), 3, 17, 0};
    const Hasher hasher(12345);
    Key others[] = {key, key, key, key, key};
    others[0].source = ip("10.0.0.2");
    others[1].destination = ip("192.0.2.2");
    others[2].ports = Ports::of(1000, 54);
    others[3].vrf = 4;
    others[4].protocol = 6;
    for (const Key& other : others) {
        EXPECT_FALSE(other == key);
        EXPECT_NE(hasher(other), hasher(key));
    }
    EXPECT_NE(Hasher(1)(key), Hasher(2)(key));
}

TEST(Session, IsReadAsItIsOrNotAtAll) {
    graph::StableArray<Session> sessions(2);
    Session& session = sessions[1];
    EXPECT_FALSE(session.copy());
    Session made{};
    made.forward = {ip("10.0.0.1"), ip("192.0.2.1"), Ports::of(1000, 53), 0, 17, 0};
    made.reverse = made.forward.reversed();
    made.last_seen = 77;
    made.user = 5;
    begin_versioned(session, made);
    EXPECT_TRUE(session.alive());
    const auto copy = session.copy();
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->forward, made.forward);
    EXPECT_EQ(copy->reverse, made.reverse);
    EXPECT_EQ(copy->last_seen, 77U);
    EXPECT_EQ(copy->user, 5U);
    const uint32_t version = session.version;
    end_versioned(session);
    EXPECT_FALSE(session.copy());
    begin_versioned(session, made);
    EXPECT_NE(session.version, version);
}

}  // namespace
}  // namespace vnet::flow
