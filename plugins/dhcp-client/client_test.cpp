// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/dhcp-client/testing/server_message.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace dhcp_client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ServerMessage;
using vnet::wire::testing::ip;
using vnet::wire::testing::mac;
using vnet::wire::testing::prefix;

/// Remembers what it was asked for.
struct FakeActions : Actions {
    struct Sent {
        Request request;
        Way way;
        Ip4Address to;
    };
    void send(const Request& request, Way way, Ip4Address to) override {
        sent.push_back({request, way, to});
    }
    void probe(Ip4Address address) override { probed.push_back(address); }
    void listen(bool on, Ip4Address address) override {
        listens = on;
        candidate = address;
    }
    absl::Status bind(const Lease& lease) override {
        if (answer.ok()) {
            bound = lease.address;
        }
        return answer;
    }
    void unbind() override { bound.reset(); }

    std::vector<Sent> sent;
    std::vector<Ip4Address> probed;
    bool listens = false;
    Ip4Address candidate;
    std::optional<Ip4Prefix> bound;
    absl::Status answer = absl::OkStatus();
};

/// A client, its server's messages, and a clock.
struct ClientTest : ::testing::Test {
    /// What was sent last; a test fails where nothing was.
    const Request& last() { return actions.sent.at(actions.sent.size() - 1).request; }
    void pass(Clock::duration time) {
        const Clock::time_point end = now + time;
        while (client.due() && *client.due() <= end) {
            now = std::max(now, *client.due());
            client.tick(now);
        }
        now = end;
    }
    void say(ServerMessage message) {
        const auto reply = read(message.transaction(last().transaction).bytes());
        ASSERT_TRUE(reply);
        client.receive(*reply, now);
    }
    /// To the end of all probes, with a lease of an hour or of what `ack` says.
    void be_bound(ServerMessage ack = ServerMessage(Type::ack)) {
        client.up(now);
        pass({});
        say(ServerMessage(Type::offer));
        say(ack);
        pass(seconds(1));
        ASSERT_EQ(client.state(), State::bound);
    }
    static ServerMessage lease_of(const char* hex) {
        return ServerMessage(Type::ack).without(51).option(51, hex);
    }

    FakeActions actions;
    Clock::time_point now{std::chrono::hours(1)};
    uint32_t number = 0;
    /// Waits of whole seconds less one: the random part is small.
    Client client{Settings{"edge", "", 100}, mac("02:00:00:00:00:01"), actions,
                  [this] { return 2000 * ++number; }};
};

TEST_F(ClientTest, GetsALease) {
    EXPECT_EQ(client.state(), State::off);
    client.up(now);
    EXPECT_TRUE(actions.listens);
    pass({});
    EXPECT_EQ(client.state(), State::selecting);
    EXPECT_EQ(last().type, Type::discover);
    EXPECT_EQ(last().hostname, "edge");
    EXPECT_EQ(actions.sent.at(0).way, Actions::Way::broadcast);
    say(ServerMessage(Type::offer));
    EXPECT_EQ(client.state(), State::requesting);
    EXPECT_EQ(last().type, Type::request);
    EXPECT_EQ(last().wanted, ip("10.0.0.7"));
    EXPECT_EQ(last().server, ip("10.0.0.1"));
    EXPECT_TRUE(last().own.is_unspecified());
    say(ServerMessage(Type::ack).option(3, "0a 00 00 01"));
    EXPECT_EQ(client.state(), State::probing);
    EXPECT_EQ(actions.candidate, ip("10.0.0.7"));
    EXPECT_FALSE(actions.bound);
    pass(seconds(1));
    EXPECT_EQ(actions.probed.size(), 3U);
    EXPECT_EQ(client.state(), State::bound);
    EXPECT_EQ(actions.bound, prefix("10.0.0.7/24"));
    EXPECT_FALSE(actions.listens);
    ASSERT_TRUE(client.lease());
    EXPECT_EQ(client.lease()->routes.size(), 1U);
    EXPECT_EQ(client.lease()->server, ip("10.0.0.1"));
    EXPECT_EQ(client.problem(), "");
}

TEST_F(ClientTest, AsksAgainLessAndLessOften) {
    client.up(now);
    pass({});
    std::vector<int64_t> waits;
    for (unsigned i = 0; i < 7; ++i) {
        waits.push_back(std::chrono::duration_cast<seconds>(*client.due() - now).count());
        pass(*client.due() - now);
    }
    EXPECT_THAT(waits, ElementsAre(3, 7, 15, 31, 63, 63, 63));
    EXPECT_EQ(actions.sent.size(), 8U);
    for (const auto& sent : actions.sent) {
        EXPECT_EQ(sent.request.transaction, actions.sent[0].request.transaction);
    }
    EXPECT_EQ(last().seconds, 245);
}

TEST_F(ClientTest, BeginsAnewWithoutAnAcknowledgement) {
    client.up(now);
    pass({});
    say(ServerMessage(Type::offer));
    const uint32_t first = last().transaction;
    pass(seconds(3 + 7 + 15));
    EXPECT_EQ(client.state(), State::requesting);
    EXPECT_EQ(actions.sent.size(), 1U + 4U);
    pass(seconds(32));
    EXPECT_EQ(client.state(), State::selecting);
    EXPECT_NE(last().transaction, first);
}

TEST_F(ClientTest, IgnoresWhatIsNotForIt) {
    client.up(now);
    pass({});
    const auto ignored = [&](const ServerMessage& message) {
        client.receive(*read(message.bytes()), now);
        return client.state() == State::selecting;
    };
    ServerMessage offer(Type::offer);
    EXPECT_TRUE(ignored(ServerMessage(offer).transaction(last().transaction + 1)));
    offer.transaction(last().transaction);
    EXPECT_TRUE(ignored(ServerMessage(offer).client("02:00:00:00:00:02")));
    EXPECT_TRUE(ignored(ServerMessage(Type::ack).transaction(last().transaction)));
    EXPECT_TRUE(ignored(ServerMessage(Type::nak).transaction(last().transaction)));
    EXPECT_TRUE(ignored(ServerMessage(offer).without(54)));
    EXPECT_TRUE(ignored(ServerMessage(offer).without(51)));
    EXPECT_TRUE(ignored(ServerMessage(offer).poke(16, 224)));
    EXPECT_FALSE(ignored(offer));
}

TEST_F(ClientTest, RenewsAtHalfOfTheLease) {
    be_bound();
    const uint32_t before = last().transaction;
    pass(seconds(1798));
    EXPECT_EQ(client.state(), State::bound);
    pass(seconds(2));
    EXPECT_EQ(client.state(), State::renewing);
    EXPECT_EQ(last().type, Type::request);
    EXPECT_NE(last().transaction, before);
    EXPECT_EQ(last().own, ip("10.0.0.7"));
    EXPECT_TRUE(last().wanted.is_unspecified() && last().server.is_unspecified());
    EXPECT_EQ(actions.sent.back().way, Actions::Way::routed);
    EXPECT_EQ(actions.sent.back().to, ip("10.0.0.1"));
    say(ServerMessage(Type::ack));
    EXPECT_EQ(client.state(), State::bound);
    // It counts from when it was asked for, a second ago.
    EXPECT_EQ(client.lease()->end - now, seconds(3599));
    EXPECT_EQ(actions.probed.size(), 3U);
}

TEST_F(ClientTest, AsksAllServersBeforeTheLeaseEnds) {
    be_bound();
    pass(seconds(3149) - milliseconds(1));
    EXPECT_EQ(client.state(), State::renewing);
    // 1350 s from renewal to rebinding: after 675, 337, 168, 84 and 60 s.
    EXPECT_EQ(actions.sent.size(), 2U + 6U);
    pass(seconds(2));
    EXPECT_EQ(client.state(), State::rebinding);
    EXPECT_EQ(actions.sent.back().way, Actions::Way::broadcast);
    EXPECT_EQ(last().own, ip("10.0.0.7"));
    say(ServerMessage(Type::ack).without(54).option(54, "0a 00 00 02"));
    EXPECT_EQ(client.state(), State::bound);
    EXPECT_EQ(client.lease()->server, ip("10.0.0.2"));
}

TEST_F(ClientTest, TheLeaseEnds) {
    be_bound();
    pass(seconds(3598));
    EXPECT_TRUE(actions.bound);
    pass(seconds(2));
    EXPECT_FALSE(actions.bound || client.lease());
    EXPECT_EQ(client.state(), State::selecting);
    EXPECT_EQ(client.problem(),
              "server 10.0.0.1 did not answer before the lease of 10.0.0.7/24 ended");
    say(ServerMessage(Type::offer));
    say(ServerMessage(Type::ack));
    pass(seconds(1));
    EXPECT_TRUE(actions.bound);
    EXPECT_EQ(client.problem(), "");
}

TEST_F(ClientTest, ServersSayWhenToRenew) {
    be_bound(lease_of("00 00 00 64").option(58, "00 00 00 0a").option(59, "00 00 00 14"));
    EXPECT_EQ(client.lease()->rebind - client.lease()->renew, seconds(10));
    EXPECT_EQ(client.lease()->end - client.lease()->rebind, seconds(80));
    pass(seconds(9));
    EXPECT_EQ(client.state(), State::renewing);
    pass(seconds(10));
    EXPECT_EQ(client.state(), State::rebinding);
}

TEST_F(ClientTest, TimesThatCannotBeAreNotBelieved) {
    be_bound(lease_of("00 00 00 64").option(58, "00 00 00 c8").option(59, "00 00 01 00"));
    EXPECT_EQ(client.lease()->end - client.lease()->renew, seconds(50));
    EXPECT_EQ(client.lease()->rebind - client.lease()->renew, seconds(37));
}

TEST_F(ClientTest, AnEndlessLeaseEndsInAHundredYears) {
    be_bound(lease_of("ff ff ff ff"));
    pass(std::chrono::hours(24 * 365 * 60));
    EXPECT_EQ(client.state(), State::bound);
}

TEST_F(ClientTest, ARefusalBeginsAnew) {
    be_bound();
    pass(seconds(1800));
    say(ServerMessage(Type::nak).option(56, "6d 6f 76 65 64"));
    EXPECT_FALSE(actions.bound);
    EXPECT_TRUE(actions.listens);
    EXPECT_EQ(client.problem(), "server 10.0.0.1 refuses the address: moved");
    pass({});
    EXPECT_EQ(client.state(), State::selecting);
    // A server that always refuses is asked less and less often.
    for (const int wait : {2, 4, 8}) {
        say(ServerMessage(Type::offer));
        say(ServerMessage(Type::nak));
        EXPECT_EQ(client.state(), State::init);
        EXPECT_EQ(*client.due() - now, seconds(wait));
        pass(seconds(wait));
    }
}

TEST_F(ClientTest, DeclinesWhatSomebodyHas) {
    client.up(now);
    pass({});
    say(ServerMessage(Type::offer));
    say(ServerMessage(Type::ack));
    client.conflict(mac("02:00:00:00:00:01"), now);
    EXPECT_EQ(client.state(), State::probing);
    client.conflict(mac("02:00:00:00:00:09"), now);
    EXPECT_EQ(last().type, Type::decline);
    EXPECT_EQ(last().wanted, ip("10.0.0.7"));
    EXPECT_EQ(last().server, ip("10.0.0.1"));
    EXPECT_EQ(client.problem(),
              "02:00:00:00:00:09 has the address 10.0.0.7 that server 10.0.0.1 leases");
    EXPECT_EQ(client.state(), State::init);
    pass(seconds(9));
    EXPECT_EQ(client.state(), State::init);
    pass(seconds(1));
    EXPECT_EQ(client.state(), State::selecting);
    EXPECT_FALSE(actions.bound);
}

TEST_F(ClientTest, ALeaseThatCannotBeUsedIsAskedForLater) {
    actions.answer = absl::AlreadyExistsError("10.0.0.7/24 overlaps 10.0.0.1/8 of interface 'x'");
    client.up(now);
    pass({});
    say(ServerMessage(Type::offer));
    say(ServerMessage(Type::ack));
    pass(milliseconds(600));
    EXPECT_EQ(client.state(), State::init);
    EXPECT_THAT(client.problem(), HasSubstr("overlaps"));
    EXPECT_FALSE(client.lease());
    EXPECT_EQ(*client.due() - now, seconds(60));
}

TEST_F(ClientTest, ALeaseWhoseAddressIsTakenAwayIsAskedForAtOnce) {
    client.evict(now);
    EXPECT_EQ(client.state(), State::off);
    be_bound();
    client.evict(now);
    EXPECT_EQ(client.state(), State::init);
    EXPECT_FALSE(client.lease());
    EXPECT_EQ(client.problem(), "the leased address 10.0.0.7/24 was taken from the interface");
    pass({});
    EXPECT_EQ(last().type, Type::discover);
}

TEST_F(ClientTest, AsksForItsLeaseWhenTheLinkIsBack) {
    be_bound();
    client.down(now);
    EXPECT_EQ(client.state(), State::off);
    EXPECT_TRUE(actions.bound);
    pass(seconds(100));
    client.up(now);
    EXPECT_EQ(client.state(), State::rebooting);
    EXPECT_EQ(last().type, Type::request);
    EXPECT_EQ(last().wanted, ip("10.0.0.7"));
    EXPECT_TRUE(last().server.is_unspecified() && last().own.is_unspecified());
    say(ServerMessage(Type::ack));
    EXPECT_EQ(client.state(), State::bound);
    EXPECT_EQ(client.lease()->end - now, seconds(3600));
    // Elsewhere, the server there refuses it.
    client.down(now);
    client.up(now);
    say(ServerMessage(Type::nak));
    EXPECT_FALSE(actions.bound);
    EXPECT_EQ(client.state(), State::init);
}

TEST_F(ClientTest, WithoutAnAnswerTheLeaseIsGoodToItsEnd) {
    be_bound();
    client.down(now);
    client.up(now);
    pass(seconds(20));
    EXPECT_EQ(client.state(), State::bound);
    EXPECT_TRUE(actions.bound);
    pass(seconds(1800));
    EXPECT_EQ(client.state(), State::renewing);
}

TEST_F(ClientTest, ALeaseEndsWithoutALink) {
    be_bound();
    client.down(now);
    pass(seconds(3601));
    EXPECT_FALSE(actions.bound || client.lease() || client.due());
    client.up(now);
    EXPECT_EQ(client.state(), State::init);
}

TEST_F(ClientTest, AnotherAddressIsProbedAsTheFirstWas) {
    be_bound();
    pass(seconds(1800));
    say(ServerMessage(Type::ack, "10.0.0.8"));
    EXPECT_EQ(client.state(), State::probing);
    EXPECT_FALSE(actions.bound);
    pass(seconds(1));
    EXPECT_EQ(actions.bound, prefix("10.0.0.8/24"));
}

TEST_F(ClientTest, StopsWhereverItIs) {
    client.up(now);
    pass({});
    client.stop();
    EXPECT_FALSE(client.due());
    EXPECT_FALSE(actions.listens);
    be_bound();
    client.stop();
    EXPECT_FALSE(actions.bound);
    EXPECT_EQ(client.state(), State::off);
}

}  // namespace
}  // namespace dhcp_client
