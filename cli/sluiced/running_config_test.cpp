// SPDX-License-Identifier: Apache-2.0
// Any state, saved and replayed, is the same state; from any state there is a way to any other.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <set>
#include <span>

#include "api/config/configuration.hpp"
#include "api/grammar/options.hpp"
#include "plugins/host/testing/router_fixture.hpp"

namespace cli {
namespace {

using api::config::Commands;
using api::config::Configuration;
using api::config::Document;
using plugins::host::testing::must;
using plugins::host::testing::RouterFixture;

/// A router with all plugins that the product has.
struct Box {
    Box() : router(PLUGIN_DIRECTORY, {}, {}, 2) {
        must(router.host->load_all());
        must(router.engine->start());
    }
    std::string running() { return must(configuration.running()).text(); }
    absl::Status run(const std::string& line) { return commands.run(line); }

    RouterFixture router;
    Commands commands{router.api};
    Configuration configuration{router.api};
};

/// Lines that an operator could type, some of them refused.
class Operator {
public:
    using Lines = std::span<const std::string_view>;
    /// What there is to configure of all kinds, or of one.
    static Lines all() { return templates; }
    static Lines of_vrfs() { return vrf_templates; }

    explicit Operator(unsigned seed, Lines lines = all()) : random_(seed), lines_(lines) {}

    std::string line() {
        const unsigned number = below(unsigned(lines_.size()));
        std::string text(lines_[number]);
        fill(text, "<i>", [&] { return fmt::format("i{}", below(4)); });
        fill(text, "<g>", [&] { return fmt::format("g{}", below(3)); });
        fill(text, "<n>", [&] { return fmt::format("10.{}.0", 1 + below(3)); });
        fill(text, "<3>", [&] { return fmt::format("{}", 1 + below(3)); });
        fill(text, "<2>", [&] { return fmt::format("{}", below(2)); });
        fill(text, "<9>", [&] { return fmt::format("{}", 1 + below(9)); });
        fill(text, "<v>", [&] { return fmt::format("v{}", below(2)); });
        fill(text, "<mtu>", [&] { return fmt::format("{}", 68 + below(1433)); });
        return text;
    }
    /// What a life begins with: some of the lines that much of the rest needs, so that every method
    /// is met in not too many lives.
    std::vector<std::string_view> opening() {
        std::vector<std::string_view> some;
        for (const std::string_view line :
             {"add vrf v0", "add next-hop-group h1 ip4", "add next-hop-group h5 ip6",
              "add next-hop-group h0 ip4 vrf v0", "add null i0", "add pg interface i1",
              "add bridge br", "add vxlan tunnel many vni 5 local 10.1.0.99",
              "add bridge-port br i1", "add address i0 10.1.0.1/24",
              "add pg stream g0 interface i1 rate 10 size 100 destination 10.1.0.1",
              "add nat44 pool p0", "add nat44 pool p1 mapping endpoint-independent",
              "add qos policer q0 single-rate packets 5 burst 2",
              "add qos map m0 dscp-to-class 1=1", "add qos map m1 class-to-dscp 1=1"}) {
            if (below(4) != 0) {
                some.push_back(line);
            }
        }
        return some;
    }
    unsigned below(unsigned end) { return unsigned(random_() % end); }

private:
    template <class Value>
    void fill(std::string& text, std::string_view hole, Value value) {
        for (size_t at = text.find(hole); at != std::string::npos; at = text.find(hole)) {
            text.replace(at, hole.size(), value());
        }
    }

    static constexpr auto templates = std::to_array<std::string_view>({
        "add port <i> device net_null<9>",
        "add port <i> device net_null<9>,size=128 tx-queues 2",
        "add null <i>",
        "add pg interface <i>",
        "add vlan <i> parent <i> id <2>",
        "add vlan <i> parent <i> id <9>",
        "add vlan <i> parent <i> id <9> type dot1ad",
        "add vlan <i> parent <i> default",
        "add cross-connect <i> <i>",
        "add loopback <i>",
        "add loopback <i> mac 02:00:00:00:05:0<9>",
        "add gre tunnel <i> local 192.0.2.1 remote 192.0.2.<9>",
        "add gre tunnel <i> local 192.0.2.1 remote 192.0.2.<9> key <9> carries ethernet vrf <v>",
        "add gre tunnel <i> local 2001:db8::1 remote 2001:db8::<9> sequence on ttl <9> dscp "
        "inherit",
        "add ipip tunnel <i> local 192.0.2.1 remote 192.0.2.<9> dont-fragment inherit",
        "add ipip tunnel <i> local 2001:db8::1 remote 2001:db8::<9> vrf <v>",
        "add geneve tunnel <i> vni <9> local 192.0.2.1 remote 192.0.2.<2>",
        "add geneve tunnel <i> vni <9> local 2001:db8::1 remote 2001:db8::<9> carries ip options "
        "010<9>:80:mark checksum on",
        "add vxlan tunnel <i> vni <9> local 10.1.0.<9> remote 198.51.100.<9>",
        "add vxlan tunnel <i> vni <9> local 2001:db8::<9> remote 2001:db8:9::<9> port 8472 "
        "checksum "
        "off ttl inherit dscp <9> mac 02:00:00:00:06:0<9>",
        "add vxlan tunnel <i> vni <9> local 10.1.0.<9> learning off vrf <v>",
        "add vxlan tunnel <i> vni <9> local 10.1.0.<9> ageing 1<9> mac-limit <9> checksum on",
        "add vxlan mac <i> 02:00:00:00:06:0<9> remote 198.51.100.<9>",
        "add vxlan mac many 02:00:00:00:06:0<9> remote 198.51.100.<9> vni <9>",
        "add vxlan flood <i> 198.51.100.<9>",
        "add vxlan flood many 198.51.100.<9> vni <9>",
        "set interface <i> dhcp-client",
        "set interface <i> dhcp-client hostname <i> preference <9>",
        "set interface <i> mss-clamp auto",
        "set interface <i> source-check strict",
        "set interface <i> source-check loose default-route off",
        "set interface <i> mss-clamp <9>00 direction rx",
        "set punt class icmp rate <9>",
        "set punt class neighbor rate 0",
        "add bridge <i>",
        "set bridge br ageing 1<9>",
        "set bridge br mac-limit <9> move-limit <9> suppress arp nd",
        "add bridge-port br <i>",
        "add bridge-port br <i> group <9> storm-limit 100 learning off",
        "add bridge-station br 02:00:00:00:04:0<9> <i>",
        "add bridge-station br 02:00:00:00:04:0<9> i1",
        "add bridge-host br <n>.<9> 02:00:00:00:04:0<9>",
        "add bridge-host br 2001:db8::<9> 02:00:00:00:04:0<9> router on",
        "add pg interface <i> mac 02:00:00:00:01:0<9>",
        "set interface <i> mtu <mtu>",
        "set interface <i> mac 02:00:00:00:02:0<9>",
        "reset interface <i> mtu",
        "set interface <i> state up",
        "set interface <i> state up",
        "set interface <i> state down",
        "set interface <i> rx-mode polling",
        "set interface <i> rx-mode adaptive queue <2>",
        "set interface <i> queue 0 worker <2>",
        "set interface <i> handoff on",
        "set interface <i> handoff on workers <2>",
        "set interface <i> virtual-reassembly on",
        "set fragments ip4-local buffers 25<9> timeout <9>000",
        "set fragments ip4-virtual datagrams <9> share <9>",
        "set fragments ip6-local fragments 12<9>",
        "set flow timeouts tcp-established 3<9>00 udp <9>",
        "set flow timeouts icmp <9> other 300 other-replied 6<9>0",
        "set flow sessions 204<9>",
        "add address <i> <n>.<9>/24",
        "add address <i> <n>.<9>/24",
        "add neighbor <i> <n>.<9> 02:00:00:00:03:0<9>",
        "add neighbor i0 10.1.0.<9> 02:00:00:00:03:0<9>",
        "add route 20.<9>.0.0/16 via <n>.<9>",
        "add route 20.<9>.0.0/16 via <n>.<9> interface <i> preference <9>",
        "add address <i> 2001:db8:<9>::<9>/64",
        "add address <i> fe80::<9>/64",
        "add neighbor <i> 2001:db8:<9>::<9> 02:00:00:00:03:0<9>",
        "add route 2001:db8:<9>00::/40 via 2001:db8:<9>::<9>",
        "add route 2001:db8:<9>00::/40 via fe80::<9> interface <i>",
        "enable ip6 <i>",
        "enable ip6-redirects",
        "add ip6-advertisement <i> lifetime 900 max-interval 30<9> dns 2001:db8::53",
        "add route 20.<9>.0.0/16 blackhole",
        "add next-hop-group h<2> ip4",
        "add next-hop-group h<9> ip6",
        "add next-hop-group-member h<2> <n>.<9>",
        "add next-hop-group-member h<2> <n>.<9> interface <i> weight <9>",
        "add next-hop-group-member h<9> fe80::<9> interface <i>",
        "add next-hop-group-member h<9> 2001:db8:<9>::<9> weight 7",
        "add route 20.<9>.0.0/16 via group h<2> preference <9>",
        "add route 2001:db8:<9>00::/40 via group h<9>",
        "add pg stream <g> interface <i> rate 10 size 100 destination <n>.<9>",
        "start pg <g>",
        "start pg g0",
        "unload plugin graph-svg",
        "add policy-rule <i> <9> lookup-in <v> from <n>.0/24 dscp <9>",
        "add policy-rule <i> <9> via <n>.<9> to 20.<9>.0.0/16 protocol udp destination-ports 53",
        "add policy-rule <i> <9> via 2001:db8:<9>::<9> by <i>",
        "add policy-rule <i> <9> prohibit source-ports 8000-8999",
        "add qos map m<2> dscp-to-class <9>=1<9>:yellow 46=<9>",
        "add qos map m<2> class-to-dscp <9>=4<9>",
        "add qos policer q<2> single-rate packets <9>0 burst <9>",
        "add qos policer q<2> two-rate kilobits <9>0 burst 2000 second-rate <9>00 second-burst "
        "3000 colour-aware on exceed-dscp 1<9>",
        "add qos policer q<2> differentiated packets <9> burst <9> second-rate <9> second-burst 1 "
        "per flow flows 2048 conform drop violate pass",
        "set interface <i> qos trust dscp map m<2>",
        "set interface <i> qos trust none class <9>",
        "set interface <i> qos mark both dscp-map m<2>",
        "set interface <i> qos mark priority",
        "set interface <i> qos policer input q<2>",
        "set interface <i> qos policer output q<2>",
        "add qos rule <i> input <9> from <n>.0/24 protocol udp source-ports <9>-<9>0 class <9>",
        "add qos rule <i> output <9> came-in-by <i> marked <9> policer q<2> mark <9>",
        "add nat44 pool p<2>",
        "add nat44 pool p<2> inside <n>.0/24 mapping endpoint-independent sessions-per-host <9>",
        "add nat44 pool p<2> allocation blocks block-size 512 vrf <v>",
        "add nat44 pool p<2> mapping endpoint-independent filtering address-dependent "
        "new-sessions-per-second <9>",
        "add nat44 pool p<2> mapping endpoint-independent filtering endpoint-independent hold-down "
        "<9>",
        "add nat44 pool p<2> mapping endpoint-independent hold-down 12<9> hold-down-ports <9>0",
        "add nat44 pool d<2> inside 10.<3>.0.0/28 allocation deterministic inside-vrf <v>",
        "set nat44 pool p<2> threshold 9<9>",
        "set nat44 pool p<2> threshold 5<9> low <9>",
        "add nat44 address p<2> 192.0.2.<9>",
        "add nat44 address p<2> 192.0.2.2<9> to 192.0.2.3<9>",
        "add nat44 address d<2> 192.0.2.<9>",
        "add nat44 interface-address p<2> <i>",
        "add nat44 static 192.0.2.4<9> to <n>.<9>",
        "add nat44 static 192.0.2.<9> to <n>.<9> inside-vrf <v>",
        "add nat44 forward tcp 192.0.2.<9> <9>0 to <n>.<9> <9>",
        "add nat44 forward udp <n>.<9> <9>0 to 10.9.0.<9> <9> weight <9> affinity on",
        "add nat44 forward udp 192.0.2.5 <9>0 to 10.9.0.<9> <9> twice-nat on inside-vrf <v>",
        "add nat44 exempt 198.51.<9>.0/24 vrf <v>",
        "add nat44 exempt 198.51.<9>.0/24 protocol <9>",
        "add nat44 exempt 198.51.<9>.<9>/32 protocol tcp port <9>",
        "add nat44 exempt 0.0.0.0/0 protocol udp port <9>-<9>00",
        "set nat44 log 127.0.0.<9>",
        "set nat44 log 127.0.0.<9> port 47<3><9> domain <9>",
        "set nat44 log 127.0.0.<9> destinations on",
        "set interface <i> nat44 inside",
        "set interface <i> nat44 outside",
        "add vrf <v>",
        "set interface <i> vrf <v>",
        "set interface <i> vrf v0",
        "reset interface <i> vrf",
        "delete vrf <v>",
        "add route 20.<9>.0.0/16 via <n>.<9> vrf <v>",
        "add route 20.<9>.0.0/16 via <n>.<9> interface <i> vrf <v>",
        "add route 20.<9>.0.0/16 lookup-in <v>",
        "add route 20.<9>.0.0/16 lookup-in default preference <9> vrf <v>",
        "add route 2001:db8:<9>00::/40 prohibit vrf <v>",
        "add next-hop-group h<2> ip4 vrf <v>",
        "add next-hop-group h<9> ip6 vrf <v>",
        "add route 20.<9>.0.0/16 via group h<2> vrf <v>",
        "add route 2001:db8:<9>00::/40 via group h<9> vrf <v>",
    });
    /// Few addresses in many VRFs, so that what is a next hop here is the router's own there.
    static constexpr auto vrf_templates = std::to_array<std::string_view>({
        "add null <i>",
        "add null i0",
        "add null i1",
        "add vrf <v>",
        "delete vrf <v>",
        "set interface <i> vrf <v>",
        "set interface <i> vrf <v>",
        "set interface <i> vrf default",
        "reset interface <i> vrf",
        "delete interface <i>",
        "add address <i> 10.1.0.<3>/24",
        "add address <i> 10.1.0.<3>/24",
        "add address <i> 10.1.0.<3>/32",
        "add address <i> 2001:db8::<3>/64",
        "add address <i> fe80::<3>/64",
        "add neighbor <i> 10.1.0.<3> 02:00:00:00:03:0<9>",
        "add neighbor <i> 2001:db8::<3> 02:00:00:00:03:0<9>",
        "add next-hop-group h<2> ip4",
        "add next-hop-group h<2> ip4 vrf <v>",
        "add next-hop-group h5 ip6 vrf <v>",
        "delete next-hop-group h<2>",
        "add next-hop-group-member h<2> 10.1.0.<3>",
        "add next-hop-group-member h<2> 10.1.0.<3> interface <i>",
        "add next-hop-group-member h5 2001:db8::<3> interface <i>",
        "add next-hop-group-member h5 fe80::<3> interface <i>",
        "add route 20.<3>.0.0/16 via 10.1.0.<3>",
        "add route 20.<3>.0.0/16 via 10.1.0.<3> vrf <v>",
        "add route 20.<3>.0.0/16 via 10.1.0.<3> interface <i>",
        "add route 20.<3>.0.0/16 via 10.1.0.<3> interface <i> vrf <v>",
        "add route 2001:db8:<3>00::/40 via 2001:db8::<3> interface <i> vrf <v>",
        "add route 2001:db8:<3>00::/40 via fe80::<3> interface <i> vrf <v>",
        "add route 20.<3>.0.0/16 via group h<2>",
        "add route 20.<3>.0.0/16 via group h<2> vrf <v>",
    });
    std::mt19937 random_;
    Lines lines_;
};

/// Runs random lines, and now and then takes back something that is there; the methods of lines
/// that became part of the configuration are noted in `used`.
void live(Box& box, Operator& somebody, unsigned lines, std::set<std::string>& used) {
    const auto type = [&](std::string_view line) {
        if (box.run(std::string(line)).ok()) {
            used.insert(must(must(box.commands.grammar())->parse(line)).method->full_name());
        }
    };
    for (const std::string_view line : somebody.opening()) {
        type(line);
    }
    for (unsigned i = 0; i < lines; ++i) {
        type(somebody.line());
        if (i % 7 == 6) {
            const Document now = must(box.configuration.running());
            if (!now.empty()) {
                const auto* one = now.statements()[somebody.below(unsigned(now.size()))];
                const absl::Status status = box.run(one->undo);
                if (absl::IsFailedPrecondition(status)) {
                    // Others need it, routes a group or a VRF: it stays, and is there as it was.
                    EXPECT_NE(must(box.configuration.running()).find(one->undo), nullptr);
                    continue;
                }
                EXPECT_TRUE(status.ok()) << one->undo << ": " << status;
                EXPECT_EQ(must(box.configuration.running()).find(one->undo), nullptr) << one->undo;
            }
        }
    }
}

/// What the router says of itself is the same after a replay in an empty one.
void expect_replays(Box& box) {
    const std::string text = box.running();
    Box again;
    const absl::Status status =
        api::config::run_lines(text, "saved", again.commands, again.router.api);
    ASSERT_TRUE(status.ok()) << status << "\n" << text;
    EXPECT_EQ(again.running(), text);
}

/// Goes from the state of one router to that of another.
void expect_becomes(Box& box, const std::string& wanted) {
    const std::string before = box.running();
    const auto target = box.configuration.read(wanted, "wanted");
    ASSERT_TRUE(target.ok()) << target.status();
    const absl::Status status = box.configuration.apply(*target);
    ASSERT_TRUE(status.ok()) << status << "\nfrom\n" << before << "to\n" << wanted;
    const auto changes = api::config::difference(*target, must(box.configuration.running()));
    EXPECT_TRUE(changes.empty()) << changes.front().sign << changes.front().line;
}

/// Of all that can be configured, the methods that are not among `used`.
std::vector<std::string> left_out(const std::set<std::string>& used) {
    Box box;
    std::vector<std::string> names;
    for (const auto& method : box.router.api.methods()) {
        const auto options = api::grammar::options_of(method->descriptor());
        // What needs the rights of root or a file is tested in tests/system.
        const bool elsewhere = method->name() == "sluice.Interfaces.AddTap" ||
                               method->name() == "sluice.punt.Punt.AddKernelInterface" ||
                               method->name() == "sluice.pg.PacketGenerator.AddReplay";
        if (options.ExtensionSize(sluice::undo) > 0 && !elsewhere &&
            !used.contains(method->name())) {
            names.push_back(method->name());
        }
    }
    return names;
}

TEST(RunningConfig, AnyStateSavedAndReplayedIsTheSameState) {
    std::set<std::string> used;
    // Where chance has left out a kind of line, it gets more lives to come upon it.
    for (unsigned seed = 0; seed < 40 || (seed < 200 && !left_out(used).empty()); ++seed) {
        SCOPED_TRACE(seed);
        Operator somebody(seed);
        std::string text;
        {
            Box box;
            live(box, somebody, 30 + 10 * (seed % 10), used);
            text = box.running();
        }
        Box again;
        const absl::Status status =
            api::config::run_lines(text, "saved", again.commands, again.router.api);
        ASSERT_TRUE(status.ok()) << status << "\n" << text;
        EXPECT_EQ(again.running(), text);
    }
    EXPECT_EQ(left_out(used), std::vector<std::string>());
}

TEST(RunningConfig, ARouteByAnInterfaceOutlivesItsNetwork) {
    Box box;
    for (const char* line :
         {"add null i0", "add address i0 10.7.0.1/24",
          "add route 20.0.0.0/8 via 10.7.0.6 interface i0", "delete address i0 10.7.0.1/24"}) {
        ASSERT_TRUE(box.run(line).ok()) << line;
    }
    Box again;
    const absl::Status status =
        api::config::run_lines(box.running(), "saved", again.commands, again.router.api);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(again.running(), box.running());
}

TEST(RunningConfig, WhatIsSaidOfQueuesIsReplayedOverAnInterfaceThatHasNone) {
    Box down;
    Box up;
    for (const char* line : {"add null i0", "add bridge i1"}) {
        ASSERT_TRUE(down.run(line).ok() && up.run(line).ok()) << line;
    }
    for (const char* line : {"set interface i0 state up", "set interface i1 state up"}) {
        ASSERT_TRUE(up.run(line).ok()) << line;
    }
    for (const char* line :
         {"set interface i0 rx-mode polling queue 1", "set interface i0 rx-mode polling",
          "set interface i0 queue 3 worker 1", "set interface i1 queue 0 worker 1"}) {
        ASSERT_TRUE(down.run(line).ok()) << line;
        const absl::Status status = up.run(line);
        EXPECT_TRUE(status.ok()) << line << ": " << status;
    }
    for (const char* line : {"set interface i0 state down", "set interface i1 state down"}) {
        ASSERT_TRUE(up.run(line).ok()) << line;
    }
    EXPECT_EQ(up.running(), down.running());
}

TEST(RunningConfig, WhatIsSaidOfQueuesThatDoNotComeIsForgotten) {
    std::string running;
    {
        Box box;
        for (const char* line :
             {"add port i0 device net_null1", "set interface i0 rx-mode polling queue 0",
              "set interface i0 rx-mode polling queue 1", "set interface i0 queue 0 worker 1",
              "set interface i0 queue 1 worker 1", "set interface i0 state up"}) {
            ASSERT_TRUE(box.run(line).ok()) << line;
        }
        running = box.running();
        EXPECT_NE(running.find("rx-mode polling queue 0"), std::string::npos) << running;
        EXPECT_NE(running.find("queue 0 worker 1"), std::string::npos) << running;
        EXPECT_EQ(running.find("queue 1"), std::string::npos) << running;
        EXPECT_EQ(box.run("set interface i0 rx-mode polling queue 1").message(),
                  "interface 'i0' has no queue 1; it has 0");
    }
    Box again;
    const absl::Status status =
        api::config::run_lines(running, "saved", again.commands, again.router.api);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(again.running(), running);
}

TEST(RunningConfig, AnyStateCanBecomeAnyOther) {
    std::set<std::string> used;
    for (unsigned seed = 100; seed < 115; ++seed) {
        SCOPED_TRACE(seed);
        std::string wanted;
        {
            Box box;
            Operator somebody(seed);
            live(box, somebody, 80, used);
            wanted = box.running();
        }
        Box box;
        Operator another(seed + 1000);
        live(box, another, 80, used);
        expect_becomes(box, wanted);
    }
}

TEST(RunningConfig, AStateOfVrfsIsReplayedAndBecomesAnyOther) {
    std::set<std::string> used;
    for (unsigned seed = 300; seed < 340; ++seed) {
        SCOPED_TRACE(seed);
        Box one;
        Operator somebody(seed, Operator::of_vrfs());
        live(one, somebody, 150, used);
        expect_replays(one);
        Box box;
        Operator another(seed + 1000, Operator::of_vrfs());
        live(box, another, 150, used);
        expect_becomes(box, one.running());
    }
}

/// Runs lines that all are taken.
void run_all(Box& box, std::initializer_list<const char*> lines) {
    for (const char* line : lines) {
        const absl::Status status = box.run(line);
        ASSERT_TRUE(status.ok()) << line << ": " << status;
    }
}

TEST(RunningConfig, ANextHopGroupIsOfAVrf) {
    Box box;
    run_all(box, {"add vrf red", "add vrf blue", "add next-hop-group g ip4 vrf red",
                  "add next-hop-group d ip4", "add route 20.0.0.0/8 via group g vrf red",
                  "add route 20.0.0.0/8 via group d"});
    for (const char* line :
         {"add route 21.0.0.0/8 via group g", "add route 21.0.0.0/8 via group g vrf blue",
          "add route 21.0.0.0/8 via group d vrf red"}) {
        EXPECT_TRUE(absl::IsFailedPrecondition(box.run(line))) << line;
    }
    EXPECT_EQ(box.run("add route 21.0.0.0/8 via group g").message(),
              "next-hop group 'g' is of VRF 'red' and the route of 'default'; give a group of the "
              "same VRF, or look up in VRF 'red'");
    EXPECT_TRUE(absl::IsNotFound(box.run("add next-hop-group x ip4 vrf green")));
    EXPECT_NE(box.running().find("add next-hop-group g ip4 vrf red\n"), std::string::npos);
    expect_replays(box);
    run_all(box, {"delete route 20.0.0.0/8 vrf red"});
    EXPECT_EQ(box.run("delete vrf red").message(),
              "VRF 'red' has the next-hop group 'g'; delete that first");
    run_all(box, {"delete next-hop-group g", "delete vrf red"});
    // The same name for another VRF.
    expect_becomes(box,
                   "add vrf blue\nadd next-hop-group d ip4 vrf blue\n"
                   "add route 20.0.0.0/8 via group d vrf blue\n");
}

TEST(RunningConfig, AMemberOfAGroupIsLookedForInItsOwnVrf) {
    Box box;
    run_all(box, {"add null td", "add null tr", "add null tr2", "add null tx", "add vrf red",
                  "add vrf blue", "set interface tr vrf red", "set interface tr2 vrf red",
                  "set interface tx vrf blue", "add next-hop-group g ip4",
                  "add next-hop-group r ip4 vrf red", "add address tr 10.1.0.1/24"});
    // The address of another VRF is not in the way, whichever comes first.
    run_all(box, {"add address td 10.0.0.2/24", "add next-hop-group-member g 10.0.0.2 interface tr",
                  "add next-hop-group-member r 10.0.0.2", "add address tx 10.0.0.2/24",
                  "add neighbor tx 10.0.0.9 02:00:00:00:00:09"});
    const char* const refused = "add address tr2 10.0.0.2/24";
    EXPECT_EQ(box.run(refused).message(),
              "10.0.0.2 is a member of next-hop group 'g'; take it out first");
    run_all(box, {"delete next-hop-group-member g 10.0.0.2 interface tr"});
    EXPECT_EQ(box.run(refused).message(),
              "10.0.0.2 is a member of next-hop group 'r'; take it out first");
    run_all(box, {"delete next-hop-group-member r 10.0.0.2", refused});
    // The router's own in the VRF where the member is.
    for (const char* line :
         {"add next-hop-group-member g 10.0.0.2 interface tr",
          "add next-hop-group-member g 10.0.0.2", "add next-hop-group-member r 10.0.0.2"}) {
        EXPECT_EQ(box.run(line).message(),
                  "10.0.0.2 is an address of this router; give another router's")
            << line;
    }
    run_all(box, {"delete address tr2 10.0.0.2/24", "delete address td 10.0.0.2/24",
                  "add next-hop-group-member r 10.0.0.2", "reset interface tx vrf"});
    EXPECT_NE(box.running().find("add address tx 10.0.0.2/24\n"), std::string::npos)
        << "the member is of red";
    EXPECT_NE(box.running().find("add neighbor tx 10.0.0.9"), std::string::npos);
    expect_replays(box);
}

TEST(RunningConfig, AnInterfaceThatMovesLeadsToNoAddressOfTheRouter) {
    Box box;
    run_all(box, {"add null t1", "add null t2", "add vrf red", "set interface t2 vrf red",
                  "add address t2 10.0.0.2/24", "add next-hop-group g ip4",
                  "add route 10.9.0.0/16 via 10.0.0.2 interface t1",
                  "add next-hop-group-member g 10.0.0.2 interface t1"});
    EXPECT_EQ(box.run("set interface t1 vrf red").message(),
              "10.0.0.2 is an address of this router in VRF 'red', and the route 10.9.0.0/16 leads "
              "to it by interface 't1'; delete that first");
    run_all(box, {"delete route 10.9.0.0/16"});
    EXPECT_EQ(box.run("set interface t1 vrf red").message(),
              "10.0.0.2 is an address of this router in VRF 'red', and next-hop group 'g' leads to "
              "it by interface 't1'; delete that first");
    run_all(box,
            {"delete next-hop-group-member g 10.0.0.2 interface t1", "set interface t1 vrf red",
             "reset interface t2 vrf", "add route 10.9.0.0/16 via 10.0.0.2 interface t1",
             "add route 10.8.0.0/16 via 10.0.0.3 interface t1",
             "add next-hop-group-member g 10.0.0.2 interface t1",
             "add next-hop-group-member g 10.0.0.3 interface t1"});
    expect_replays(box);
    // Back where the address is the router's own: what leads to it goes, the rest stays.
    run_all(box, {"reset interface t1 vrf"});
    EXPECT_EQ(box.running(),
              "add null t1\nadd null t2\nadd vrf red\nadd address t2 10.0.0.2/24\n"
              "add next-hop-group g ip4\nadd next-hop-group-member g 10.0.0.3 interface t1\n"
              "add route 10.8.0.0/16 via 10.0.0.3 interface t1\n");
    expect_replays(box);
}

TEST(RunningConfig, WhatIsToBeReplacedDoesNotStandInTheWay) {
    Box box;
    for (const char* line : {"add null i0", "add null i1", "add route 20.0.0.0/8 via 10.2.0.5"}) {
        ASSERT_TRUE(box.run(line).ok()) << line;
    }
    // The address may not be one that a route leads to.
    const auto target = box.configuration.read(
        "add null i0\nadd null i1\nadd address i1 10.2.0.5/24\nadd route 20.0.0.0/8 blackhole\n",
        "wanted");
    ASSERT_TRUE(target.ok()) << target.status();
    const absl::Status status = box.configuration.apply(*target);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(box.running(), target->text());
}

TEST(RunningConfig, WhatIsInUseGoesWhenNothingNeedsItAnyMore) {
    Box box;
    for (const char* line : {"add next-hop-group out ip4", "add route 20.0.0.0/8 via group out"}) {
        ASSERT_TRUE(box.run(line).ok()) << line;
    }
    EXPECT_TRUE(absl::IsFailedPrecondition(box.run("delete next-hop-group out")));
    for (const char* wanted : {"add route 20.0.0.0/8 blackhole\n",
                               "add next-hop-group out ip4\nadd route 20.0.0.0/8 via group out\n",
                               "add next-hop-group out ip6\nadd route 20.0.0.0/8 blackhole\n"}) {
        const auto target = box.configuration.read(wanted, "wanted");
        ASSERT_TRUE(target.ok()) << target.status();
        const absl::Status status = box.configuration.apply(*target);
        EXPECT_TRUE(status.ok()) << status;
        EXPECT_EQ(box.running(), wanted);
    }
}

TEST(RunningConfig, WhatIsRefusedLeavesTheStateAsItWas) {
    std::set<std::string> used;
    for (unsigned seed = 200; seed < 215; ++seed) {
        SCOPED_TRACE(seed);
        Box box;
        Operator somebody(seed);
        live(box, somebody, 60, used);
        const std::string before = box.running();
        // Another state, with a line in it that nobody can run.
        Document target;
        {
            Document other = must(box.configuration.running());
            for (unsigned i = 0; i < 40; ++i) {
                (void)box.configuration.edit(other, somebody.line());
            }
            target = other;
        }
        ASSERT_TRUE(box.configuration.edit(target, "add address nowhere 10.77.0.1/24").ok());
        const absl::Status status = box.configuration.apply(target);
        EXPECT_FALSE(status.ok());
        EXPECT_NE(status.code(), absl::StatusCode::kInternal) << status;
        EXPECT_EQ(box.running(), before) << status;
    }
}

/// The command that takes a statement back is one, and the very one that is printed.
TEST(RunningConfig, EveryUndoIsACommand) {
    Box box;
    std::set<std::string> used;
    Operator somebody(7);
    live(box, somebody, 400, used);
    const auto* grammar = must(box.commands.grammar());
    must(box.configuration.running()).visit([&](const api::config::Statement& statement) {
        const auto undo = grammar->parse(statement.undo);
        ASSERT_TRUE(undo.ok()) << statement.undo << ": " << undo.status();
        EXPECT_EQ(must(grammar->print(*undo->method, *undo->request)), statement.undo);
    });
}

}  // namespace
}  // namespace cli
