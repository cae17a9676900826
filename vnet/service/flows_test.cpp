// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "api/config/configuration.hpp"
#include "graph/testing/bench.hpp"
#include "vnet/proto/flow.pb.h"
#include "vnet/proto/memory.pb.h"
#include "vnet/service/memory.hpp"
#include "vnet/service/services.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace vnet::service {
namespace {

using flow::Ending;
using flow::Key;
using flow::Ports;
using flow::SessionIndex;
using flow::Timer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::testing::ip;

constexpr uint8_t icmp = 1;
constexpr uint8_t tcp = 6;
constexpr uint8_t udp = 17;
constexpr uint8_t gre = 47;

template <class T>
T must(absl::StatusOr<T> value) {
    EXPECT_TRUE(value.ok()) << value.status();
    return std::move(*value);
}
void must(const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
}

/// Counts the sessions that it had.
struct Feature final : flow::Owner {
    void ended(const flow::Session&, Ending ending, unsigned) noexcept override {
        ++all[size_t(ending)];
    }
    std::array<std::atomic<unsigned>, flow::endings> all{};
};

/// A router with two workers that have nothing to do, so that the test makes their sessions before
/// they start.
class FlowsTest : public ::testing::Test {
protected:
    FlowsTest() {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 1024;
        options.workers = 2;
        engine_ = must(graph::Engine::create(options));
        router_ = must(Router::create(*engine_));
        must(register_all(api_, *router_));
        must(engine_->commit());
        owner_ = must(flows().add_owner(feature_));
        run({"add vrf red"});
    }
    ~FlowsTest() override { engine_->stop(); }

    flow::Flows& flows() { return router_->flows(); }
    void make(unsigned worker, const Key& forward, const Key& reverse, Timer timer) {
        const flow::Table::Making making{forward, reverse, timer, owner_, 0, 0};
        ASSERT_NE(flows().tables().of(worker).create(making, flows().tables().tick(rte_rdtsc())),
                  0U);
    }
    /// One of each kind.
    void make_some() {
        // Sources are translated: a connection, a query, a ping.
        make(0, {ip("10.0.0.5"), ip("203.0.113.9"), Ports::of(40000, 443), 1, tcp, 0},
             {ip("203.0.113.9"), ip("198.51.100.1"), Ports::of(443, 1024), 0, tcp, 0},
             Timer::tcp_established);
        make(0, {ip("10.0.0.6"), ip("203.0.113.53"), Ports::of(5353, 53), 0, udp, 0},
             {ip("203.0.113.53"), ip("198.51.100.1"), Ports::of(53, 1025), 0, udp, 0}, Timer::udp);
        make(1, {ip("10.0.0.6"), ip("203.0.113.9"), Ports::of(77, 77), 0, icmp, 0},
             {ip("203.0.113.9"), ip("198.51.100.1"), Ports::of(1026, 1026), 0, icmp, 0},
             Timer::icmp);
        // A destination is.
        make(1, {ip("192.0.2.80"), ip("198.51.100.1"), Ports::of(3333, 80), 0, tcp, 0},
             {ip("10.0.0.80"), ip("192.0.2.80"), Ports::of(8080, 3333), 0, tcp, 0},
             Timer::tcp_transitory);
        // Nothing is.
        const Key plain{ip("10.0.0.7"), ip("203.0.113.7"), Ports(), 0, gre, 0};
        make(1, plain, plain.reversed(), Timer::other);
    }

    absl::Status try_run(const std::string& line) { return commands_.run(line); }
    void run(std::initializer_list<const char*> lines) {
        for (const char* line : lines) {
            EXPECT_TRUE(try_run(line).ok()) << line << ": " << try_run(line);
        }
    }
    std::string running() { return must(configuration_.running()).text(); }

    /// What a command answers.
    template <class Item>
    std::vector<Item> ask(const std::string& line) {
        const auto command = must(must(commands_.grammar())->parse(line));
        std::vector<Item> items;
        must(api_.call_local(command.method->full_name(), *command.request,
                             [&](const google::protobuf::Message& reply) {
                                 items.push_back(dynamic_cast<const Item&>(reply));
                                 return absl::OkStatus();
                             }));
        return items;
    }
    /// Sessions in words.
    std::vector<std::string> sessions(const std::string& filter = "") {
        std::vector<std::string> all;
        for (const auto& row : ask<sluice::FlowSession>("show flow sessions " + filter)) {
            all.push_back(fmt::format("{} {} {} {} | {}", row.worker(), row.protocol(), row.from(),
                                      row.to(), row.becomes()));
        }
        return all;
    }
    uint64_t clear(const std::string& filter = "") {
        const auto answers = ask<sluice::ClearedFlowSessions>("clear flow sessions " + filter);
        EXPECT_EQ(answers.size(), 1U);
        return answers.at(0).ended();
    }

    api::Registry api_;
    Feature feature_;
    std::unique_ptr<graph::Engine> engine_;
    std::unique_ptr<Router> router_;
    api::config::Commands commands_{api_};
    api::config::Configuration configuration_{api_};
    flow::OwnerId owner_ = 0;
};

TEST_F(FlowsTest, TimeoutsAreSetEachForItself) {
    run({"set flow timeouts udp 30 icmp 5", "set flow timeouts tcp-established 3600"});
    EXPECT_EQ(running(), "add vrf red\nset flow timeouts tcp-established 3600 udp 30 icmp 5\n");
    std::vector<std::string> rows;
    for (const auto& row : ask<sluice::FlowTimeout>("show flow timeouts")) {
        rows.push_back(fmt::format("{} {} {}", flow::name(Timer(row.timer())), row.timeout(),
                                   row.default_timeout()));
    }
    EXPECT_THAT(rows, ElementsAre("tcp-transitory 240 240", "tcp-established 3600 7440",
                                  "tcp-time-wait 240 240", "udp 30 300", "udp-replied 300 300",
                                  "icmp 5 60", "other 300 300", "other-replied 600 600"));
    // What is as where nothing is set is not written down.
    run({"set flow timeouts tcp-established 7440 udp 300 icmp 60"});
    EXPECT_EQ(running(), "add vrf red\n");
    run({"set flow timeouts other 1 udp-replied 2 tcp-time-wait 604800 tcp-transitory 4",
         "reset flow timeouts"});
    EXPECT_EQ(running(), "add vrf red\n");
}

TEST_F(FlowsTest, ATimeoutOutOfRangeChangesNothing) {
    for (const char* line : {"set flow timeouts udp 30 icmp 0", "set flow timeouts icmp 604801"}) {
        const absl::Status status = try_run(line);
        EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
        EXPECT_THAT(std::string(status.message()),
                    HasSubstr("for icmp is out of range; give 1 to "));
    }
    EXPECT_EQ(running(), "add vrf red\n");
}

TEST_F(FlowsTest, AConfigurationSaysAllTimeoutsInOneLine) {
    run({"set flow timeouts udp 30"});
    const auto target =
        must(configuration_.read("add vrf red\nset flow timeouts icmp 5\n", "wanted"));
    must(configuration_.apply(target));
    EXPECT_EQ(running(), target.text());
}

TEST_F(FlowsTest, HowManySessionsThereMayBeIsSetWhileThereAreNone) {
    run({"set flow sessions 2048"});
    EXPECT_EQ(running(), "add vrf red\nset flow sessions 2048\n");
    EXPECT_EQ(ask<sluice::FlowTable>("show flow").at(1).capacity(), 2048U);
    EXPECT_EQ(try_run("set flow sessions 1023").code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(try_run("set flow sessions 16777216").code(), absl::StatusCode::kOutOfRange);
    make_some();
    for (const char* line : {"set flow sessions 4096", "reset flow sessions"}) {
        const absl::Status status = try_run(line);
        EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
        EXPECT_THAT(std::string(status.message()), HasSubstr("`clear flow sessions`"));
    }
    run({"set flow sessions 2048"});
    must(engine_->start());
    EXPECT_EQ(clear(), 5U);
    run({"reset flow sessions"});
    EXPECT_EQ(running(), "add vrf red\n");
    const auto rows = ask<sluice::FlowTable>("show flow");
    EXPECT_EQ(rows.at(1).capacity(), flow::Flows::default_sessions);
    EXPECT_EQ(rows.at(1).created(), 3U) << "counted since the start, whatever the table is";
    EXPECT_EQ(rows.at(1).removed(), 3U);
}

TEST_F(FlowsTest, TablesAreCounted) {
    make_some();
    const auto rows = ask<sluice::FlowTable>("show flow");
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].worker(), 0U);
    EXPECT_EQ(rows[0].sessions(), 2U);
    EXPECT_EQ(rows[0].created(), 2U);
    EXPECT_EQ(rows[1].sessions(), 3U);
    EXPECT_EQ(rows[1].refused() + rows[1].timed_out() + rows[1].displaced() + rows[1].removed(),
              0U);
    EXPECT_GT(rows[0].kilobytes(), 0U);
    const auto timers = ask<sluice::FlowTimeout>("show flow timeouts");
    EXPECT_THAT(std::accumulate(timers.begin(), timers.end(), uint64_t{0},
                                [](uint64_t sum, const auto& row) { return sum + row.sessions(); }),
                5U);
    EXPECT_EQ(timers[size_t(Timer::tcp_established)].sessions(), 1U);
    for (const MemoryPart& part : memory_parts(*router_)) {
        if (part.name == "flow-tables") {
            EXPECT_EQ(part.used, 5U);
            EXPECT_EQ(part.capacity, 2 * flow::Flows::default_sessions);
            return;
        }
    }
    FAIL() << "no part of `show memory`";
}

TEST_F(FlowsTest, SessionsAreToldAsTheyComeAndAsTheyLeave) {
    make_some();
    flow::Table& table = flows().tables().of(0);
    const flow::Ref ref =
        table.find({ip("203.0.113.9"), ip("198.51.100.1"), Ports::of(443, 1024), 0, tcp, 0});
    for (int i = 0; i < 3; ++i) {
        table.seen(ref, flows().tables().tick(rte_rdtsc()), 0x10);
    }
    EXPECT_THAT(sessions(),
                ElementsAre("0 tcp 10.0.0.5:40000 203.0.113.9:443 | from 198.51.100.1:1024",
                            "0 udp 10.0.0.6:5353 203.0.113.53:53 | from 198.51.100.1:1025",
                            "1 icmp 10.0.0.6:77 203.0.113.9 | from 198.51.100.1:1026",
                            "1 tcp 192.0.2.80:3333 198.51.100.1:80 | to 10.0.0.80:8080",
                            "1 gre 10.0.0.7 203.0.113.7 | "));
    const auto row = ask<sluice::FlowSession>("show flow sessions").at(0);
    EXPECT_EQ(row.timer(), sluice::FLOW_TIMER_TCP_ESTABLISHED);
    EXPECT_EQ(row.packets(), 0U);
    EXPECT_EQ(row.replies(), 3U);
    EXPECT_LE(row.idle(), 60U);
    EXPECT_GE(row.left(), 7440U - 60);
    EXPECT_LE(row.left(), 7440U);
    EXPECT_EQ(row.vrf(), "red");
    EXPECT_EQ(row.reply_vrf(), "default");
    EXPECT_EQ(row.source().ip4(), ip("10.0.0.5").value());
    EXPECT_EQ(row.source_port(), 40000U);
    EXPECT_EQ(row.destination().ip4(), ip("203.0.113.9").value());
    EXPECT_EQ(row.destination_port(), 443U);
    EXPECT_EQ(row.new_source().ip4(), ip("198.51.100.1").value());
    EXPECT_EQ(row.new_source_port(), 1024U);
    EXPECT_EQ(row.new_destination().ip4(), ip("203.0.113.9").value());
    EXPECT_EQ(row.new_destination_port(), 443U);
}

TEST_F(FlowsTest, SessionsAreFoundByAnyOfTheirFields) {
    make_some();
    // By their place in the whole list.
    const auto all = sessions();
    const auto found = [&](const std::string& filter) {
        std::vector<int> places;
        for (const std::string& one : sessions(filter)) {
            places.push_back(int(std::find(all.begin(), all.end(), one) - all.begin()));
        }
        return places;
    };
    EXPECT_THAT(found("from 10.0.0.6/32"), ElementsAre(1, 2));
    EXPECT_THAT(found("from 10.0.0.4/30"), ElementsAre(0, 1, 2, 4));
    EXPECT_THAT(found("from 198.51.100.1/32"), ElementsAre(0, 1, 2)) << "as they leave";
    EXPECT_THAT(found("to 203.0.113.9/32"), ElementsAre(0, 2));
    EXPECT_THAT(found("to 10.0.0.80/32"), ElementsAre(3));
    EXPECT_THAT(found("address 198.51.100.1"), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(found("address 192.0.2.80"), ElementsAre(3));
    EXPECT_THAT(found("protocol tcp"), ElementsAre(0, 3));
    EXPECT_THAT(found("protocol 47"), ElementsAre(4));
    EXPECT_THAT(found("source-port 1025"), ElementsAre(1));
    EXPECT_THAT(found("source-port 77"), ElementsAre(2));
    EXPECT_THAT(found("destination-port 443"), ElementsAre(0));
    EXPECT_THAT(found("destination-port 8080"), ElementsAre(3));
    EXPECT_THAT(found("port 3333"), ElementsAre(3));
    EXPECT_THAT(found("port 53"), ElementsAre(1));
    EXPECT_THAT(found("vrf red"), ElementsAre(0));
    EXPECT_THAT(found("vrf default"), ElementsAre(0, 1, 2, 3, 4));
    EXPECT_THAT(found("timer icmp"), ElementsAre(2));
    EXPECT_THAT(found("worker 1"), ElementsAre(2, 3, 4));
    EXPECT_THAT(found("worker 0 protocol udp"), ElementsAre(1));
    EXPECT_THAT(found("worker 1 protocol udp"), IsEmpty());
    EXPECT_THAT(found("from 10.0.0.6/32 to 203.0.112.0/23 port 1026"), ElementsAre(2));
}

TEST_F(FlowsTest, AConditionThatNothingMeetsIsRefused) {
    make_some();
    for (const auto& [filter, code, words] :
         {std::tuple("from 2001:db8::/32", absl::StatusCode::kInvalidArgument,
                     "2001:db8::/32 is of IPv6, and sessions are of IPv4"),
          std::tuple("address 2001:db8::1", absl::StatusCode::kInvalidArgument,
                     "2001:db8::1 is of IPv6, and sessions are of IPv4"),
          std::tuple("protocol tpc", absl::StatusCode::kInvalidArgument, "'tpc' is no IP protocol"),
          std::tuple("port 65536", absl::StatusCode::kInvalidArgument, "ports are 0 to 65535"),
          std::tuple("vrf blue", absl::StatusCode::kNotFound, "blue"),
          std::tuple("worker 2", absl::StatusCode::kInvalidArgument,
                     "there is no worker 2; workers are 0 to 1")}) {
        for (const char* command : {"show flow sessions ", "clear flow sessions "}) {
            const absl::Status status = try_run(std::string(command) + filter);
            EXPECT_EQ(status.code(), code) << status;
            EXPECT_THAT(std::string(status.message()), HasSubstr(words));
        }
    }
    EXPECT_EQ(flows().tables().sessions(), 5U);
}

TEST_F(FlowsTest, ThoseThatAreMeantAreEnded) {
    make_some();
    must(engine_->start());
    EXPECT_EQ(clear("protocol 89"), 0U);
    EXPECT_EQ(clear("address 203.0.113.9"), 2U);
    EXPECT_THAT(sessions(),
                ElementsAre("0 udp 10.0.0.6:5353 203.0.113.53:53 | from 198.51.100.1:1025",
                            "1 tcp 192.0.2.80:3333 198.51.100.1:80 | to 10.0.0.80:8080",
                            "1 gre 10.0.0.7 203.0.113.7 | "));
    EXPECT_EQ(clear(), 3U);
    EXPECT_THAT(sessions(), IsEmpty());
    EXPECT_EQ(feature_.all[size_t(Ending::removed)], 5U);
    EXPECT_EQ(clear(), 0U);
}

/// More than a turn looks at, of which few are meant: all are found and ended, whatever the
/// batches.
TEST_F(FlowsTest, ManySessionsAreGoneThroughInTurns) {
    constexpr uint32_t each = 10'000;
    for (unsigned worker = 0; worker < 2; ++worker) {
        for (uint32_t i = 0; i < each; ++i) {
            const Key key{wire::Ip4Address(0x0a00'0000 + i),
                          ip("203.0.113.7"),
                          Ports::of(1000, i % 1000 == 999 ? 53 : 80),
                          0,
                          udp,
                          0};
            make(worker, key, key.reversed(), Timer::udp);
        }
    }
    const auto method = api_.find("sluice.Flows.ListSessions");
    ASSERT_NE(method, nullptr);
    sluice::FlowSessionFilter request;
    request.set_destination_port(53);
    const auto source = must(method->list(request));
    unsigned items = 0;
    unsigned turns = 0;
    sluice::FlowSession row;
    for (api::Next next = api::Next::item; next != api::Next::end;) {
        next = must(method->next(source, row));
        items += next == api::Next::item ? 1 : 0;
        turns += next == api::Next::later ? 1 : 0;
    }
    EXPECT_EQ(items, 20U);
    EXPECT_EQ(turns, 5U) << "each look is at 4096 places, whether it finds some or not";
    EXPECT_EQ(sessions().size(), 2 * each);
    EXPECT_THAT(sessions("port 99"), IsEmpty());
    must(engine_->start());
    EXPECT_EQ(clear("port 53"), 20U);
    EXPECT_EQ(clear("worker 1"), each - 10);
    EXPECT_EQ(flows().tables().sessions(), each - 10);
    EXPECT_EQ(clear(), each - 10);
    EXPECT_EQ(feature_.all[size_t(Ending::removed)], 2 * each);
    EXPECT_EQ(flows().ending(), 0U);
}

}  // namespace
}  // namespace vnet::service
