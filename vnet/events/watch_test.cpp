// SPDX-License-Identifier: Apache-2.0
#include "vnet/events/watch.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "vnet/events/monitor.hpp"
#include "vnet/neighbor/testing/link.hpp"

namespace vnet::events {
namespace {

using neighbor::testing::Link;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using wire::testing::ip;
using wire::testing::mac;
using wire::testing::prefix;

constexpr auto configured = ip4::RouteSource::configured;
const ip4::Via blackhole{ip4::Via::Kind::blackhole, 0, {}};

struct FakeChannel final : api::FeedChannel {
    void wake() override { ++woken; }
    void abort(const absl::Status& status) override { aborted = status; }
    int woken = 0;
    absl::Status aborted;
};

/// "added route 20.0.0.0/8 configured blackhole"
std::string words(const sluice::Event& event) {
    const sluice::EventLine line = line_of(event);
    static constexpr const char* changes[] = {"is", "added", "changed", "removed"};
    return fmt::format("{} {} {}", changes[event.change()], line.subject(), line.what());
}

/// A client of sluice.Events.Watch.
class Client {
public:
    Client(Journal& journal, const sluice::WatchEventsRequest& request) {
        auto opened = Watch::open(journal, request, channel);
        EXPECT_TRUE(opened.ok()) << opened.status();
        watch_ = *opened;
    }

    /// The next message; false where there is nothing, or the call ended with `status`.
    bool step() {
        auto batch = watch_->next();
        status = batch.status();
        if (!batch.ok() || batch->count == 0) {
            return false;
        }
        message.Clear();
        batch->fill(0, message);
        lost = lost || message.lost();
        complete = complete || message.state_complete();
        if (message.has_position()) {
            position = message.position();
        }
        return true;
    }
    /// What all messages say that there are now.
    std::vector<std::string> read() {
        std::vector<std::string> all;
        while (step()) {
            for (const sluice::Event& event : message.events()) {
                all.push_back(words(event));
            }
        }
        return all;
    }

    std::shared_ptr<FakeChannel> channel = std::make_shared<FakeChannel>();
    sluice::EventBatch message;
    sluice::EventPosition position;
    absl::Status status;
    bool lost = false;
    bool complete = false;

private:
    std::shared_ptr<Watch> watch_;
};

class WatchTest : public ::testing::Test {
protected:
    static constexpr Journal::Limits limits{65'536, 16'384};

    WatchTest() { link_->settle(); }
    // What the router takes down is told of as well.
    ~WatchTest() override { link_.reset(); }

    static sluice::WatchEventsRequest request(std::vector<sluice::EventTopic> topics = {}) {
        sluice::WatchEventsRequest request;
        request.mutable_topics()->Add(topics.begin(), topics.end());
        return request;
    }
    static sluice::WatchEventsRequest behind(const sluice::EventPosition& position,
                                             std::vector<sluice::EventTopic> topics = {}) {
        sluice::WatchEventsRequest request = WatchTest::request(std::move(topics));
        *request.mutable_after() = position;
        return request;
    }
    static sluice::WatchEventsRequest with_state(std::vector<sluice::EventTopic> topics = {}) {
        sluice::WatchEventsRequest request = WatchTest::request(std::move(topics));
        request.set_with_state(true);
        return request;
    }
    ip4::Fib& fib() { return *link_->fib; }
    void add(const std::string& text, const ip4::Via& via = blackhole,
             ip4::RouteSource source = configured) {
        ASSERT_TRUE(fib().add(prefix(text.c_str()), source, via).ok()) << text;
    }
    void remove(const std::string& text, ip4::RouteSource source = configured) {
        ASSERT_TRUE(fib().remove(prefix(text.c_str()), source).ok()) << text;
    }
    /// The n-th of many routes.
    static std::string many(unsigned n) { return fmt::format("20.{}.{}.0/24", n >> 8, n & 255); }

    std::unique_ptr<Link> link_ = std::make_unique<Link>();
    vrf::Vrfs vrfs_{
        vrf::Vrfs::Parts{link_->engine->rcu(), link_->interfaces, link_->ip4, link_->ip6}};
    Journal journal_{Journal::Parts{link_->engine->control(), link_->interfaces, link_->ip4,
                                    link_->ip6, *link_->link_locals, vrfs_},
                     limits};
};

TEST_F(WatchTest, BeginsWithAMessageAndNoEvents) {
    Client client(journal_, request());
    EXPECT_TRUE(client.step());
    EXPECT_EQ(client.message.events_size(), 0);
    EXPECT_EQ(client.message.position().epoch(), journal_.log().position().epoch);
    EXPECT_FALSE(client.lost);
    EXPECT_FALSE(client.step());
    EXPECT_TRUE(client.status.ok());
}

TEST_F(WatchTest, TellsOfInterfaces) {
    Client client(journal_, request({sluice::EVENT_TOPIC_INTERFACE}));
    client.read();
    ASSERT_TRUE(link_->interfaces.set_up("lan", false).ok());
    EXPECT_THAT(client.read(),
                ElementsAre("changed lan down, link up, MTU 1500, 02:00:00:00:00:a1",
                            "changed lan down, link down, MTU 1500, 02:00:00:00:00:a1"));
    ASSERT_TRUE(link_->interfaces.set_mtu("lan", 1400).ok());
    EXPECT_THAT(client.read(), ElementsAre(HasSubstr("MTU 1400")));
    ASSERT_TRUE(link_->interfaces.remove("wan").ok());
    EXPECT_THAT(client.read(), Contains(StartsWith("removed wan")));
}

TEST_F(WatchTest, TellsOfALinkThatTheDeviceLost) {
    Client client(journal_, request({sluice::EVENT_TOPIC_INTERFACE}));
    client.read();
    link_->devices[0]->cable = false;
    link_->interfaces.poll_links();
    EXPECT_THAT(client.read(), ElementsAre(HasSubstr("lan up, link down")));
}

TEST_F(WatchTest, TellsOfAddressesAndTheirRoutes) {
    Client client(journal_, request({sluice::EVENT_TOPIC_ADDRESS, sluice::EVENT_TOPIC_ROUTE}));
    client.read();
    ASSERT_TRUE(link_->addresses->add("lan", prefix("10.7.0.1/24")).ok());
    EXPECT_THAT(client.read(), ElementsAre("added 10.7.0.1/32 address local by lan",
                                           "added 10.7.0.0/24 address connected by lan",
                                           "added 10.7.0.255/32 address broadcast by lan",
                                           "added 10.7.0.1/24 on lan"));
    ASSERT_TRUE(link_->interfaces.remove("lan").ok());
    EXPECT_THAT(client.read(), Contains("removed 10.7.0.0/24 address connected by lan"));
}

TEST_F(WatchTest, TellsOfNeighboursOnceTheyAreKnown) {
    Client client(journal_, request({sluice::EVENT_TOPIC_NEIGHBOR}));
    client.read();
    ASSERT_TRUE(link_->table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:b9")).ok());
    ASSERT_TRUE(link_->table->add_fixed("lan", ip("10.0.0.9"), mac("02:00:00:00:00:ba")).ok());
    ASSERT_TRUE(link_->table->remove("lan", ip("10.0.0.9")).ok());
    EXPECT_THAT(client.read(), ElementsAre("added 10.0.0.9 at 02:00:00:00:00:b9 on lan, fixed",
                                           "changed 10.0.0.9 at 02:00:00:00:00:ba on lan, fixed",
                                           "removed 10.0.0.9 at 02:00:00:00:00:ba on lan, fixed"));
}

TEST_F(WatchTest, TellsWhichRouteOfAPrefixIsUsed) {
    Client client(journal_, request({sluice::EVENT_TOPIC_ROUTE}));
    client.read();
    add("20.0.0.0/8", blackhole, ip4::RouteSource::neighbor);
    add("20.0.0.0/8");
    EXPECT_THAT(client.read(), ElementsAre("added 20.0.0.0/8 neighbor blackhole",
                                           "added 20.0.0.0/8 configured blackhole",
                                           "changed 20.0.0.0/8 neighbor blackhole, not used"));
    add("20.0.0.0/8");
    EXPECT_THAT(client.read(), IsEmpty()) << "what is there already is no change";
    remove("20.0.0.0/8");
    EXPECT_THAT(client.read(), ElementsAre("removed 20.0.0.0/8 configured blackhole",
                                           "changed 20.0.0.0/8 neighbor blackhole"));
}

TEST_F(WatchTest, TellsOnceWhenTheWayOfManyRoutesMoves) {
    const ip4::Via recursive{ip4::Via::Kind::next_hop, 0, ip("10.0.0.77")};
    for (unsigned n = 0; n < 100; ++n) {
        add(many(n), recursive);
    }
    Client client(journal_, request({sluice::EVENT_TOPIC_NEXT_HOP}));
    client.read();
    ASSERT_TRUE(link_->interfaces.remove("lan").ok());
    EXPECT_THAT(client.read(), ElementsAre("changed 10.0.0.77 there is no way to it"));
}

TEST_F(WatchTest, GoesOnBehindWhateverWasSeen) {
    Client first(journal_, request({sluice::EVENT_TOPIC_ROUTE}));
    first.read();
    std::vector<sluice::EventPosition> positions = {first.position};
    for (unsigned n = 0; n < 20; ++n) {
        add(many(n));
        EXPECT_EQ(first.read().size(), 1U);
        positions.push_back(first.position);
    }
    for (unsigned seen = 0; seen <= 20; ++seen) {
        Client back(journal_, behind(positions[seen], {sluice::EVENT_TOPIC_ROUTE}));
        const auto events = back.read();
        EXPECT_FALSE(back.lost);
        ASSERT_EQ(events.size(), 20 - seen);
        for (unsigned n = seen; n < 20; ++n) {
            EXPECT_THAT(events[n - seen], StartsWith("added " + many(n)));
        }
    }
}

TEST_F(WatchTest, SaysWhatIsLost) {
    Client first(journal_, request());
    first.read();
    sluice::EventPosition other_run = first.position;
    other_run.set_epoch(other_run.epoch() + 1);
    Client restarted(journal_, behind(other_run));
    EXPECT_TRUE(restarted.step());
    EXPECT_TRUE(restarted.message.lost());
    add("20.0.0.0/8");
    EXPECT_TRUE(restarted.step());
    EXPECT_FALSE(restarted.message.lost()) << "in the first message only";
    EXPECT_EQ(restarted.message.events_size(), 1);

    for (unsigned n = 0; n <= limits.routes / 2; ++n) {
        add("21.0.0.0/24");
        remove("21.0.0.0/24");
    }
    Client late(journal_, behind(first.position));
    EXPECT_THAT(late.read(), IsEmpty());
    EXPECT_TRUE(late.lost);
    Client links(journal_, behind(first.position, {sluice::EVENT_TOPIC_INTERFACE}));
    links.read();
    EXPECT_FALSE(links.lost) << "a storm of routes is none of links";

    sluice::WatchEventsRequest again = behind(first.position);
    again.set_with_state(true);
    Client stateful(journal_, again);
    EXPECT_THAT(stateful.read(), Contains("is 20.0.0.0/8 configured blackhole"));
    EXPECT_TRUE(stateful.lost);
    EXPECT_TRUE(stateful.complete);
}

TEST_F(WatchTest, RefusesWithASentence) {
    const auto channel = std::make_shared<FakeChannel>();
    sluice::WatchEventsRequest unknown;
    unknown.add_topics(sluice::EventTopic(77));
    EXPECT_EQ(Watch::open(journal_, unknown, channel).status(),
              absl::InvalidArgumentError("77 is no topic of events; they are numbered 0 to 6"));
    sluice::WatchEventsRequest ahead;
    ahead.mutable_after()->set_epoch(journal_.log().position().epoch);
    ahead.mutable_after()->set_sequence(1'000'000);
    EXPECT_EQ(Watch::open(journal_, ahead, channel).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(WatchTest, TheStateComesFirstAndIsNotTakenForGranted) {
    add("20.0.0.0/8");
    Client client(journal_, with_state());
    EXPECT_TRUE(client.step());
    EXPECT_TRUE(client.message.state_complete());
    std::vector<std::string> state;
    for (const sluice::Event& event : client.message.events()) {
        EXPECT_EQ(event.sequence(), 0U);
        state.push_back(words(event));
    }
    EXPECT_THAT(state, Contains("is lan up, link up, MTU 1500, 02:00:00:00:00:a1"));
    EXPECT_THAT(state, Contains("is 10.0.0.1/24 on lan"));
    EXPECT_THAT(state, Contains("is 20.0.0.0/8 configured blackhole"));
    Client again(journal_, [&] {
        sluice::WatchEventsRequest request = behind(client.position);
        request.set_with_state(true);
        return request;
    }());
    EXPECT_THAT(again.read(), IsEmpty()) << "what the client knows is not told again";
    EXPECT_FALSE(again.lost);
}

/// A client's own table of routes, kept by events: what it is told must fit what it knows.
class Table {
public:
    void apply(const sluice::Event& event) {
        const sluice::Route& route = event.route();
        const auto key = std::make_pair(wire::Ip4Prefix(wire::Ip4Address(route.prefix().ip4()),
                                                        uint8_t(route.prefix().length())),
                                        route.source());
        const bool known = routes_.contains(key);
        const bool fits = event.change() == sluice::EVENT_CHANGE_STATE ||
                                  event.change() == sluice::EVENT_CHANGE_ADDED
                              ? !known
                              : known;
        ASSERT_TRUE(fits) << words(event);
        if (event.change() == sluice::EVENT_CHANGE_REMOVED) {
            routes_.erase(key);
        } else {
            routes_[key] = words_of(route);
        }
    }
    static std::string words_of(const sluice::Route& route) {
        sluice::Event event;
        *event.mutable_route() = route;
        return line_of(event).what();
    }
    std::map<std::pair<wire::Ip4Prefix, std::string>, std::string> routes_;
};

TEST_F(WatchTest, NothingIsMissedOrToldTwiceWhileTheStateIsTold) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        std::mt19937 random(seed);
        const auto change = [&](unsigned times) {
            for (unsigned i = 0; i < times; ++i) {
                const std::string text = many(random() % 3000);
                const auto source = random() % 4 == 0 ? ip4::RouteSource::neighbor : configured;
                const ip4::Via via = random() % 2 == 0 ? blackhole
                                                       : ip4::Via{ip4::Via::Kind::next_hop,
                                                                  Link::lan, ip("10.0.0.2")};
                if (random() % 3 != 0) {
                    (void)fib().add(prefix(text.c_str()), source, via);
                } else {
                    (void)fib().remove(prefix(text.c_str()), source);
                }
            }
        };
        change(5000);
        Client client(journal_, with_state({sluice::EVENT_TOPIC_ROUTE}));
        Table table;
        const auto take = [&] {
            for (const sluice::Event& event : client.message.events()) {
                table.apply(event);
            }
        };
        while (!client.complete) {
            ASSERT_TRUE(client.step());
            EXPECT_EQ(client.message.has_position(), client.complete);
            take();
            change(random() % 700);
        }
        // Broken off and taken up again in the middle of what follows.
        Client back(journal_, behind(client.position, {sluice::EVENT_TOPIC_ROUTE}));
        for (unsigned turn = 0; turn < 5; ++turn) {
            while (back.step()) {
                for (const sluice::Event& event : back.message.events()) {
                    table.apply(event);
                }
            }
            change(random() % 2000);
        }
        while (back.step()) {
            for (const sluice::Event& event : back.message.events()) {
                table.apply(event);
            }
        }
        Table truth;
        Client fresh(journal_, with_state({sluice::EVENT_TOPIC_ROUTE}));
        while (fresh.step()) {
            for (const sluice::Event& event : fresh.message.events()) {
                truth.apply(event);
            }
        }
        EXPECT_EQ(table.routes_.size(), fib().size());
        ASSERT_EQ(table.routes_, truth.routes_) << "seed " << seed;
    }
}

TEST_F(WatchTest, ManyNeighboursAreToldInPieces) {
    ASSERT_TRUE(link_->addresses->add("lan", prefix("10.64.0.1/16")).ok());
    constexpr unsigned all = 2000;
    for (unsigned n = 0; n < all; ++n) {
        ASSERT_TRUE(
            link_->table
                ->add_fixed("lan", wire::Ip4Address(0x0a400100 + n), mac("02:00:00:00:00:b9"))
                .ok());
    }
    Client client(journal_, with_state({sluice::EVENT_TOPIC_NEIGHBOR}));
    std::vector<std::string> told;
    for (bool removed = false; !client.complete;) {
        ASSERT_TRUE(client.step());
        EXPECT_LE(client.message.events_size(), int(Stream::most_items));
        for (const sluice::Event& event : client.message.events()) {
            told.push_back(words(event));
        }
        if (!removed) {
            // One whose state was read, but not told yet.
            removed = true;
            ASSERT_TRUE(link_->table->remove("lan", wire::Ip4Address(0x0a400100 + all - 1)).ok());
        }
    }
    ASSERT_EQ(told.size(), all + 1);
    EXPECT_THAT(told[all - 1], StartsWith("is 10.64.8.207"));
    EXPECT_THAT(told[all], StartsWith("removed 10.64.8.207"));
}

TEST_F(WatchTest, AClientThatDoesNotReadIsSentAwayAndTheOthersAreWoken) {
    Client idle(journal_, request());
    Client links(journal_, request({sluice::EVENT_TOPIC_INTERFACE}));
    idle.read();
    links.read();
    for (unsigned n = 0; n <= limits.routes / 2; ++n) {
        add("21.0.0.0/24");
        remove("21.0.0.0/24");
    }
    link_->settle();
    EXPECT_EQ(idle.channel->aborted.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(idle.step());
    EXPECT_EQ(idle.status, idle.channel->aborted);
    EXPECT_TRUE(links.channel->aborted.ok());
    EXPECT_GT(links.channel->woken, 0);
}

TEST_F(WatchTest, ARouteIsToldByTheNameThatItsInterfaceHad) {
    Client client(journal_, request({sluice::EVENT_TOPIC_ROUTE}));
    client.read();
    add("20.0.0.0/8", {ip4::Via::Kind::next_hop, Link::lan, ip("10.0.0.2")});
    ASSERT_TRUE(link_->interfaces.remove("lan").ok());
    EXPECT_THAT(client.read(), Contains("added 20.0.0.0/8 configured via 10.0.0.2 by lan"));
}

TEST_F(WatchTest, LinesTellTheLastEventsOfAllTopics) {
    add("20.0.0.0/8");
    ASSERT_TRUE(link_->interfaces.set_mtu("lan", 1400).ok());
    add("21.0.0.0/8");
    const auto subjects = [&](const std::vector<sluice::EventTopic>& topics, size_t most) {
        std::vector<std::string> all;
        for (const sluice::EventLine& line : last_lines(journal_, topics, most)) {
            all.push_back(line.subject());
        }
        return all;
    };
    EXPECT_THAT(subjects(all_topics(), 3), ElementsAre("20.0.0.0/8", "lan", "21.0.0.0/8"));
    EXPECT_THAT(subjects(all_topics(), 2), ElementsAre("lan", "21.0.0.0/8"));
    EXPECT_THAT(subjects({sluice::EVENT_TOPIC_ROUTE}, 100),
                ElementsAre("20.0.0.0/8", "21.0.0.0/8"));
    EXPECT_THAT(subjects({sluice::EVENT_TOPIC_PLUGIN}, 100), IsEmpty());
}

TEST_F(WatchTest, APartAboveTellsOfItsOwn) {
    journal_.set_state(sluice::EVENT_TOPIC_PLUGIN, [] {
        std::vector<sluice::Event> all(1);
        all[0].mutable_plugin()->set_name("nat");
        return all;
    });
    Client client(journal_, with_state({sluice::EVENT_TOPIC_PLUGIN}));
    EXPECT_THAT(client.read(), ElementsAre("is nat loaded"));
    sluice::Event event;
    event.mutable_plugin()->set_name("nat");
    event.mutable_plugin()->set_state(sluice::PLUGIN_STATE_AVAILABLE);
    journal_.publish(sluice::EVENT_TOPIC_PLUGIN, sluice::EVENT_CHANGE_REMOVED, event);
    EXPECT_THAT(client.read(), ElementsAre("removed nat not loaded"));
}

TEST_F(WatchTest, AResourceIsToldOfWhenItsStateChanges) {
    const auto report = [this](sluice::ResourceState state, uint64_t used, const char* name) {
        sluice::Resource resource;
        resource.set_owner("nat44");
        resource.set_name(name);
        resource.set_what("ports");
        resource.set_state(state);
        resource.set_used(used);
        resource.set_total(100);
        resource.set_refused(state == sluice::RESOURCE_STATE_EXHAUSTED ? 7 : 0);
        journal_.report(resource);
    };
    const auto lines = [this] {
        std::vector<std::string> all;
        for (const auto& line : last_lines(journal_, {sluice::EVENT_TOPIC_RESOURCE}, 100)) {
            all.push_back(
                fmt::format("{} {}: {}", int(line.change()), line.subject(), line.what()));
        }
        return all;
    };
    for (const uint64_t used : {1, 2, 3}) {
        report(sluice::RESOURCE_STATE_NORMAL, used, "pool p");
    }
    EXPECT_THAT(lines(), IsEmpty());
    report(sluice::RESOURCE_STATE_HIGH, 90, "pool p");
    report(sluice::RESOURCE_STATE_HIGH, 95, "pool p");
    report(sluice::RESOURCE_STATE_HIGH, 91, "pool q");
    report(sluice::RESOURCE_STATE_EXHAUSTED, 100, "pool p");
    EXPECT_THAT(lines(),
                ElementsAre("1 nat44 pool p ports: nearly used up, 90 of 100 in use",
                            "1 nat44 pool q ports: nearly used up, 91 of 100 in use",
                            "2 nat44 pool p ports: exhausted, 7 refused, 100 of 100 in use"));
    // The state is how it is by now.
    report(sluice::RESOURCE_STATE_HIGH, 99, "pool q");
    const auto state = journal_.state(sluice::EVENT_TOPIC_RESOURCE);
    ASSERT_EQ(state.size(), 2U);
    sluice::Event event;
    state[1].write(event);
    EXPECT_EQ(event.resource().used(), 99U);
    report(sluice::RESOURCE_STATE_NORMAL, 10, "pool p");
    journal_.forget_resources("dhcp");
    EXPECT_EQ(lines().back(), "3 nat44 pool p ports: enough, 10 of 100 in use");
    journal_.forget_resources("nat44");
    EXPECT_EQ(lines().back(), "3 nat44 pool q ports: nearly used up, 99 of 100 in use");
    EXPECT_THAT(journal_.state(sluice::EVENT_TOPIC_RESOURCE), IsEmpty());
}

}  // namespace
}  // namespace vnet::events
