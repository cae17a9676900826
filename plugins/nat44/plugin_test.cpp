// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>

#include "api/config/configuration.hpp"
#include "graph/testing/wait.hpp"
#include "plugins/host/testing/plugin_fixture.hpp"
#include "plugins/nat44/translator.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace nat44 {
namespace {

using graph::testing::eventually;
using plugins::host::testing::must;
using plugins::host::testing::PluginFixture;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using vnet::flow::Ports;
using vnet::flow::Session;
using vnet::wire::testing::ip;

/// A router with interfaces lan and wan, VRF red, and the plugin.
class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PLUGIN_DIRECTORY, "nat44") {
        for (const char* name : {"lan", "wan"}) {
            run(std::string("add null ") + name);
        }
        run("add vrf red");
    }
    ~PluginTest() override {
        // Sessions end by their worker alone.
        if (router_.router->flows().tables().sessions() != 0 && !router_.engine->is_running()) {
            must(router_.engine->start());
        }
    }
    bool on(const char* interface_name, const char* arc, const char* node) {
        return router_.engine->graph().has_feature(arc, node, interface(interface_name).index);
    }
    bool translates_out(const char* name) {
        return on(name, "ip4-unicast", "nat44-out2in") && on(name, "ip4-output", "nat44-in2out") &&
               on(name, "ip4-unicast", "ip4-flow");
    }
    bool hairpins(const char* name) {
        return on(name, "ip4-local", "nat44-hairpin") && on(name, "ip4-unicast", "ip4-flow");
    }
    size_t paths() {
        router_.engine->rcu().flush();
        return router_.router->forwarding().paths_in_use();
    }
    std::string route(const std::string& prefix, const char* vrf = "default") {
        const auto found = lines_->run("show route " + prefix + " vrf " + vrf);
        return found.ok() && !found->empty() ? found->front() : "";
    }
    /// Control goes on meanwhile.
    bool eventually(const std::function<bool()>& condition) {
        return graph::testing::eventually(condition, [this] { router_.engine->control().poll(); });
    }
    /// The commands that rebuild what nat44 has.
    std::vector<std::string> config() {
        std::vector<std::string> lines;
        std::istringstream text(must(api::config::Configuration(router_.api).running()).text());
        for (std::string line; std::getline(text, line);) {
            if (line.find("nat44") != std::string::npos) {
                lines.push_back(line);
            }
        }
        return lines;
    }
    static Session session(const char* inside, const char* outside, uint16_t port) {
        Session made{};
        made.forward = {ip(inside), ip("198.51.100.1"), Ports::of(port, 53), 0, 17, 0};
        made.reverse = {ip("198.51.100.1"), ip(outside), Ports::of(53, port), 0, 17, 0};
        return made;
    }
    /// As a worker would make one, which is not started here.
    void make_session(const Session& made, uint8_t flags) {
        auto& table = router_.router->flows().tables().of(0);
        // The first owner's: the plugin's.
        ASSERT_NE(
            table.create({made.forward, made.reverse, vnet::flow::Timer::udp, 1, flags, 0}, 0), 0U);
    }
};

TEST_F(PluginTest, InterfacesHaveTheNodesOfTheirRole) {
    run("set interface lan nat44 inside");
    run("set interface wan nat44 outside");
    EXPECT_TRUE(hairpins("lan") && !translates_out("lan"));
    EXPECT_TRUE(hairpins("wan") && translates_out("wan"));
    EXPECT_THAT(config(),
                ElementsAre("set interface lan nat44 inside", "set interface wan nat44 outside"));
    run("set interface lan nat44 outside");
    EXPECT_TRUE(translates_out("lan") && hairpins("lan"));
    run("reset interface lan nat44");
    EXPECT_FALSE(hairpins("lan") || translates_out("lan") || on("lan", "ip4-unicast", "ip4-flow"));
    EXPECT_EQ(refusal("reset interface lan nat44"),
              "interface 'lan' is neither inside nor outside of nat44");
    EXPECT_THAT(refusal("set interface nowhere nat44 inside"), HasSubstr("'nowhere'"));
    EXPECT_THAT(refusal("reset interface nowhere nat44"), HasSubstr("'nowhere'"));
    EXPECT_THAT(refusal("set interface lan nat44 beside"), HasSubstr("beside"));
    run("delete interface wan");
    EXPECT_THAT(config(), IsEmpty());
}

TEST_F(PluginTest, RefusesPoolsInASentence) {
    run("add nat44 pool p");
    run("add nat44 pool p");
    EXPECT_EQ(refusal("add nat44 pool p sessions-per-host 5"),
              "pool 'p' is there already; delete it to make another one");
    EXPECT_EQ(refusal("add nat44 pool a/b"),
              "'a/b' cannot name a pool; use 1 to 63 letters, digits and - _ .");
    EXPECT_EQ(
        refusal("add nat44 pool " + std::string(64, 'x')),
        "'" + std::string(64, 'x') + "' cannot name a pool; use 1 to 63 letters, digits and - _ .");
    EXPECT_THAT(refusal("add nat44 pool q inside 10.0.0.1/8"),
                HasSubstr("10.0.0.0/8 would be right"));
    EXPECT_EQ(refusal("add nat44 pool q inside-vrf blue"),
              "there is no VRF 'blue'; there are: default, red");
    EXPECT_EQ(refusal("add nat44 pool q vrf blue"),
              "there is no VRF 'blue'; there are: default, red");
    EXPECT_EQ(refusal("add nat44 pool q filtering endpoint-independent"),
              "anybody can speak to an open port only where mapping is endpoint-independent too");
    EXPECT_EQ(refusal("add nat44 pool q filtering address-dependent"),
              "an address that was spoken to can speak to an open port only where mapping is "
              "endpoint-independent too");
    EXPECT_EQ(refusal("add nat44 pool q first-port 0"), "port 0 is out of range; give 1 to 65535");
    EXPECT_EQ(refusal("add nat44 pool q last-port 65536"),
              "port 65536 is out of range; give 1 to 65535");
    EXPECT_EQ(refusal("add nat44 pool q first-port 2000 last-port 1999"),
              "ports 2000 to 1999 are no range; give 1 to 65535, the lower one first");
    for (const char* option : {"block-size 64", "blocks-per-host 2"}) {
        for (const char* allocation : {"", " allocation shared", " allocation deterministic"}) {
            EXPECT_EQ(refusal("add nat44 pool q " + std::string(option) + allocation),
                      "the size and number of blocks are for a pool whose allocation is `blocks`");
        }
    }
    for (const char* size : {"0", "32", "100", "8192"}) {
        EXPECT_THAT(refusal("add nat44 pool q allocation blocks block-size " + std::string(size)),
                    HasSubstr(size));
    }
    EXPECT_THAT(refusal("add nat44 pool q allocation blocks blocks-per-host 0"),
                HasSubstr("give 1 to 4"));
    EXPECT_THAT(refusal("add nat44 pool q allocation blocks blocks-per-host 5"),
                HasSubstr("give 1 to 4"));
    EXPECT_THAT(refusal("add nat44 pool q allocation blocks first-port 1024 last-port 1030"),
                HasSubstr("256"));
    EXPECT_THAT(refusal("add nat44 pool q sessions-per-host 16777217"),
                HasSubstr("give 0 to 16777216"));
    EXPECT_THAT(refusal("add nat44 pool q new-sessions-per-second 10001"),
                HasSubstr("give 0 to 10000"));
    const std::string open = "add nat44 pool q mapping endpoint-independent ";
    EXPECT_THAT(refusal(open + "hold-down 86401"), HasSubstr("give 0 to 86400"));
    EXPECT_THAT(refusal(open + "hold-down 5 hold-down-ports 65536"), HasSubstr("give 1 to 65535"));
    EXPECT_EQ(refusal(open + "hold-down 5 hold-down-ports 0"),
              "at least one port is held; give hold-down 0 to hold none");
    EXPECT_EQ(refusal(open + "hold-down-ports 5"),
              "ports are held by this pool only where hold-down says for how long");
    EXPECT_THAT(refusal("add nat44 pool q hold-down 5"), HasSubstr("serves several hosts"));
    EXPECT_THAT(refusal("add nat44 pool q inside 10.0.0.0/24 allocation deterministic hold-down 5"),
                HasSubstr("always the same host's"));
    EXPECT_EQ(refusal("delete nat44 pool q"), "there is no pool 'q'; there are: p");
    EXPECT_THAT(config(), ElementsAre("add nat44 pool p"));
    run("delete nat44 pool p");
    EXPECT_EQ(refusal("delete nat44 pool p"), "there is no pool 'p', nor any other");
    EXPECT_THAT(config(), IsEmpty());
}

TEST_F(PluginTest, RefusesAddressesInASentence) {
    for (const char* line :
         {"add nat44 pool p", "add nat44 pool q",
          "add nat44 pool d inside 10.0.0.0/24 allocation deterministic",
          "add nat44 address p 192.0.2.10 to 192.0.2.19", "add nat44 static 192.0.2.30 to 10.0.0.9",
          "add address wan 192.0.2.1/24", "add address wan 192.0.2.2/24",
          "add address lan 10.0.0.1/24"}) {
        run(line);
    }
    EXPECT_EQ(refusal("add nat44 address x 192.0.2.1"), "there is no pool 'x'; there are: d, p, q");
    for (const char* range : {"192.0.2.19", "192.0.2.5 to 192.0.2.10", "192.0.2.0 to 192.0.2.29"}) {
        EXPECT_THAT(refusal("add nat44 address q " + std::string(range)), HasSubstr("pool 'p'"));
    }
    // As it is already.
    run("add nat44 address p 192.0.2.10 to 192.0.2.19");
    EXPECT_THAT(refusal("add nat44 address p 192.0.2.12"), HasSubstr("pool 'p'"));
    EXPECT_EQ(refusal("add nat44 address q 192.0.2.9 to 192.0.2.5"),
              "192.0.2.9 is above 192.0.2.5; give the lower address first");
    for (const char* nobody :
         {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "223.255.255.0 to 224.0.0.5"}) {
        EXPECT_NE(refusal("add nat44 address q " + std::string(nobody)), "");
    }
    EXPECT_NE(refusal("add nat44 address q 20.0.0.0 to 20.255.255.255"), "");
    EXPECT_EQ(refusal("add nat44 address q 192.0.2.25 to 192.0.2.35"),
              "192.0.2.30 is the address of 10.0.0.9 alone");
    EXPECT_EQ(refusal("delete nat44 address p 192.0.2.10"),
              "pool 'p' has no addresses 192.0.2.10 as such; `show nat44 pool` has them");
    // Of a deterministic pool: one range, large enough, and not of an interface.
    EXPECT_EQ(refusal("add nat44 interface-address d wan"),
              "pool 'd' is deterministic and needs addresses that do not change");
    EXPECT_NE(refusal("add nat44 address d 10.0.0.77"), "");
    run("add nat44 address d 192.0.2.40 to 192.0.2.41");
    EXPECT_EQ(refusal("add nat44 address d 192.0.2.43"),
              "pool 'd' is deterministic and has its one range already");
    run("add nat44 pool large inside 10.0.0.0/8 allocation deterministic");
    EXPECT_NE(refusal("add nat44 address large 192.0.2.44"), "");
    // Of interfaces.
    EXPECT_THAT(refusal("add nat44 interface-address p nowhere"), HasSubstr("'nowhere'"));
    EXPECT_EQ(refusal("add nat44 interface-address x wan"),
              "there is no pool 'x'; there are: d, large, p, q");
    EXPECT_EQ(refusal("delete nat44 interface-address p wan"),
              "pool 'p' does not have the address of 'wan'");
    EXPECT_THAT(refusal("delete nat44 interface-address p nowhere"), HasSubstr("'nowhere'"));
    run("add nat44 interface-address p wan");
    run("add nat44 interface-address p wan");
    EXPECT_EQ(refusal("add nat44 interface-address q wan"),
              "pool 'p' has the address of 'wan' already");
    run("add nat44 address q 10.0.0.1");
    EXPECT_THAT(refusal("add nat44 interface-address p lan"), HasSubstr("pool 'q'"));
    EXPECT_THAT(run("show nat44 pool"), ::testing::Contains(HasSubstr("192.0.2.1")));
}

TEST_F(PluginTest, RefusesStaticMappingsInASentence) {
    for (const char* line :
         {"add nat44 pool p", "add nat44 address p 192.0.2.10 to 192.0.2.19",
          "add address wan 192.0.2.1/24", "add nat44 static 192.0.2.30 to 10.0.0.9",
          "add nat44 forward tcp 192.0.2.1 80 to 10.0.0.5 8080"}) {
        run(line);
    }
    run("add nat44 static 192.0.2.30 to 10.0.0.9");
    EXPECT_EQ(refusal("add nat44 static 192.0.2.30 to 10.0.0.10"),
              "192.0.2.30 is the address of 10.0.0.9 already");
    EXPECT_EQ(refusal("add nat44 static 192.0.2.31 to 10.0.0.9"),
              "10.0.0.9 has the outside address 192.0.2.30 already");
    EXPECT_EQ(refusal("add nat44 static 192.0.2.12 to 10.0.0.12"),
              "192.0.2.12 is an address of pool 'p'");
    EXPECT_EQ(refusal("add nat44 static 192.0.2.1 to 10.0.0.12"),
              "port 80 of 192.0.2.1 is forwarded; delete that first");
    EXPECT_EQ(refusal("add nat44 static 224.0.0.1 to 10.0.0.12"),
              "224.0.0.1 and 10.0.0.12 must be addresses of hosts");
    EXPECT_EQ(refusal("add nat44 static 192.0.2.31 to 0.0.0.0"),
              "192.0.2.31 and 0.0.0.0 must be addresses of hosts");
    EXPECT_THAT(refusal("add nat44 static 192.0.2.31 to 10.0.0.31 vrf blue"), HasSubstr("'blue'"));
    EXPECT_THAT(refusal("add nat44 static 192.0.2.31 to 10.0.0.31 inside-vrf blue"),
                HasSubstr("'blue'"));
    EXPECT_EQ(refusal("delete nat44 static 192.0.2.31"),
              "192.0.2.31 is nobody's; `show nat44 static` lists static mappings");
    EXPECT_EQ(refusal("delete nat44 static 192.0.2.30 vrf red"),
              "192.0.2.30 is nobody's; `show nat44 static` lists static mappings");
    // Forwards.
    EXPECT_EQ(refusal("add nat44 forward icmp 192.0.2.1 80 to 10.0.0.5 80"),
              "ports of 'icmp' cannot be forwarded; give tcp or udp");
    EXPECT_NE(refusal("add nat44 forward xyz 192.0.2.1 80 to 10.0.0.5 80"), "");
    for (const char* ports : {"0 to 10.0.0.5 80", "80 to 10.0.0.5 0", "65536 to 10.0.0.5 80"}) {
        EXPECT_THAT(refusal("add nat44 forward tcp 192.0.2.1 " + std::string(ports)),
                    HasSubstr("is out of range; give 1 to 65535"));
    }
    for (const char* weight : {"0", "1001"}) {
        EXPECT_EQ(refusal("add nat44 forward tcp 192.0.2.1 80 to 10.0.0.6 80 weight " +
                          std::string(weight)),
                  "a weight of " + std::string(weight) + " is out of range; give 1 to 1000");
    }
    EXPECT_EQ(refusal("add nat44 forward tcp 192.0.2.30 80 to 10.0.0.5 80"),
              "192.0.2.30 is the address of one host, with all of its ports");
    EXPECT_EQ(refusal("add nat44 forward tcp 192.0.2.1 80 to 224.0.0.5 80"),
              "192.0.2.1 and 224.0.0.5 must be addresses of hosts");
    EXPECT_EQ(refusal("add nat44 forward tcp 192.0.2.1 80 to 10.0.0.7 80 inside-vrf red"),
              "all targets of a port are in one VRF, and the others are in another one");
    EXPECT_EQ(refusal("delete nat44 forward udp 192.0.2.1 80 to 10.0.0.5 8080"),
              "port 80 of 192.0.2.1 is not forwarded to 10.0.0.5 port 8080; `show nat44 static` "
              "lists what is");
    EXPECT_THAT(run("show nat44 static"),
                ElementsAre(AllOf(HasSubstr("192.0.2.1\""), HasSubstr(R"("port":80)"),
                                  HasSubstr(R"("protocol":"tcp")")),
                            AllOf(HasSubstr("192.0.2.30"), HasSubstr(R"("protocol":"all")"))));
}

TEST_F(PluginTest, RefusesExemptsInASentence) {
    run("add nat44 exempt 198.51.100.0/24 protocol tcp port 25");
    EXPECT_EQ(refusal("add nat44 exempt 198.51.100.0/24 protocol 6 port 25-25"),
              "198.51.100.0/24 protocol tcp port 25 is exempt already");
    // Of another VRF, of other ports, and of all: something else.
    run("add nat44 exempt 198.51.100.0/24 protocol tcp port 25 vrf red");
    run("add nat44 exempt 198.51.100.0/24 protocol tcp port 25-26");
    run("add nat44 exempt 198.51.100.0/24");
    EXPECT_THAT(refusal("add nat44 exempt 198.51.100.1/24"),
                HasSubstr("198.51.100.0/24 would be right"));
    EXPECT_THAT(refusal("add nat44 exempt 198.51.100.0/24 protocol xyz"), HasSubstr("'xyz'"));
    for (const char* without : {"", " protocol icmp", " protocol 47"}) {
        EXPECT_EQ(refusal("add nat44 exempt 198.51.100.0/24" + std::string(without) + " port 80"),
                  "ports are of a protocol that has them; give protocol tcp or protocol udp too");
    }
    EXPECT_EQ(refusal("add nat44 exempt 198.51.100.0/24 protocol tcp port 80-79"),
              "'80-79' are no ports; give one, or the first and the last: 80, 8000-8999");
    EXPECT_EQ(refusal("add nat44 exempt 198.51.100.0/24 protocol tcp port 0-79"),
              "ports 0 to 79 are no range; give 1 to 65535, the lower one first");
    EXPECT_THAT(refusal("add nat44 exempt 198.51.100.0/24 vrf blue"), HasSubstr("'blue'"));
    EXPECT_EQ(refusal("delete nat44 exempt 198.51.100.0/25"),
              "198.51.100.0/25 is not exempt as such; `show nat44 exempts` lists what is");
    EXPECT_EQ(refusal("delete vrf red"),
              "nat44 exempt 198.51.100.0/24 protocol tcp port 25 is for this VRF");
    EXPECT_THAT(run("show nat44 exempts"),
                ElementsAre(AllOf(HasSubstr(R"("protocol":"all")"), HasSubstr(R"("port":"all")")),
                            HasSubstr(R"("port":"25")"), HasSubstr(R"("port":"25-26")"),
                            AllOf(HasSubstr(R"("protocol":"tcp")"), HasSubstr(R"("vrf":"red")"))));
    run("delete nat44 exempt 198.51.100.0/24 protocol tcp port 25 vrf red");
    run("delete vrf red");
}

TEST_F(PluginTest, ARunningConfigurationIsPrintedBackAndReplayed) {
    const std::vector<std::string> lines = {
        "add nat44 pool a inside 10.0.0.0/8 mapping endpoint-independent filtering "
        "endpoint-independent first-port 2000 last-port 60000 sessions-per-host 100",
        "add nat44 address a 192.0.2.10 to 192.0.2.19",
        "add nat44 address a 192.0.2.25",
        "add nat44 interface-address a wan",
        "add nat44 pool b inside-vrf red vrf red allocation blocks block-size 512 blocks-per-host "
        "2",
        "add nat44 pool c inside 10.9.0.0/24 allocation deterministic",
        "add nat44 address c 192.0.2.40 to 192.0.2.41",
        "add nat44 static 192.0.2.30 to 10.0.0.9 inside-vrf red",
        "add nat44 forward tcp 192.0.2.1 80 to 10.0.0.5 8080 weight 3 affinity on twice-nat on",
        "add nat44 forward tcp 192.0.2.1 80 to 10.0.0.6 8080 weight 1 affinity on twice-nat on",
        "add nat44 exempt 198.51.100.0/24",
        "add nat44 exempt 198.51.100.0/24 protocol 47",
        "add nat44 exempt 0.0.0.0/0 protocol udp port 53-54 vrf red",
        "set interface lan nat44 inside",
        "set interface wan nat44 outside",
    };
    for (const std::string& line : lines) {
        run(line);
    }
    const std::vector<std::string> said = config();
    EXPECT_EQ(said.size(), lines.size());
    api::config::Configuration configuration(router_.api);
    const auto document = must(configuration.running());
    // Taken back line by line, and put in again.
    document.visit_backwards([&](const auto& statement) {
        if (statement.line.find("nat44") != std::string::npos) {
            run(statement.undo);
        }
    });
    EXPECT_THAT(config(), IsEmpty());
    ASSERT_TRUE(configuration.apply(document).ok());
    EXPECT_EQ(config(), said);
}

TEST_F(PluginTest, AnAddressMovesFromPoolToPoolInOneConfiguration) {
    for (const char* line :
         {"add nat44 pool a", "add nat44 pool b mapping endpoint-independent",
          "add nat44 address a 192.0.2.10 to 192.0.2.19",
          "delete nat44 address a 192.0.2.10 to 192.0.2.19",
          "add nat44 address b 192.0.2.15 to 192.0.2.25", "delete nat44 pool b",
          "add nat44 static 192.0.2.16 to 10.0.0.9", "delete nat44 static 192.0.2.16",
          "add nat44 address a 192.0.2.10 to 192.0.2.19"}) {
        run(line);
    }
}

TEST_F(PluginTest, OutsideAddressesAreTheRoutersOwn) {
    run("add nat44 pool p");
    run("add nat44 address p 192.0.2.10 to 192.0.2.11");
    run("add nat44 static 192.0.2.30 to 10.0.0.9");
    run("add nat44 forward udp 192.0.2.31 53 to 10.0.0.9 53");
    for (const char* prefix :
         {"192.0.2.10/32", "192.0.2.11/32", "192.0.2.30/32", "192.0.2.31/32"}) {
        EXPECT_THAT(route(prefix), HasSubstr("local")) << prefix;
    }
    run("delete nat44 address p 192.0.2.10 to 192.0.2.11");
    run("delete nat44 static 192.0.2.30");
    run("delete nat44 forward udp 192.0.2.31 53 to 10.0.0.9 53");
    for (const char* prefix :
         {"192.0.2.10/32", "192.0.2.11/32", "192.0.2.30/32", "192.0.2.31/32"}) {
        EXPECT_EQ(route(prefix), "") << prefix;
    }
}

TEST_F(PluginTest, APoolFollowsTheAddressOfItsInterface) {
    const auto addresses = [this] { return run("show nat44 pool").at(0); };
    run("add nat44 pool p");
    run("add nat44 interface-address p wan");
    EXPECT_THAT(addresses(), HasSubstr("wan (no address)"));
    run("add address wan 192.0.2.1/24");
    EXPECT_THAT(addresses(), HasSubstr("wan (192.0.2.1)"));
    run("delete address wan 192.0.2.1/24");
    EXPECT_THAT(addresses(), HasSubstr("wan (no address)"));
    run("add address wan 192.0.2.1/24");
    EXPECT_THAT(addresses(), HasSubstr("wan (192.0.2.1)"));
    run("delete interface wan");
    EXPECT_THAT(addresses(), HasSubstr(R"("addresses":"-")"));
    run("add nat44 address p 192.0.2.1");
}

TEST_F(PluginTest, AVrfStaysWhileSomethingIsForIt) {
    const size_t before = paths();
    run("add nat44 pool p inside-vrf red");
    EXPECT_THAT(refusal("delete vrf red"), HasSubstr("nat44 pool 'p' is for this VRF"));
    run("delete nat44 pool p");
    run("add nat44 pool p vrf red");
    EXPECT_THAT(refusal("delete vrf red"), HasSubstr("nat44 pool 'p' is for this VRF"));
    run("delete nat44 pool p");
    for (const char* where : {"inside-vrf", "vrf"}) {
        run(std::string("add nat44 static 192.0.2.30 to 10.0.0.9 ") + where + " red");
        EXPECT_THAT(refusal("delete vrf red"),
                    HasSubstr("a static mapping of 192.0.2.30 is for this VRF"));
        run(std::string("delete nat44 static 192.0.2.30") +
            (std::string(where) == "vrf" ? " vrf red" : ""));
    }
    run("delete vrf red");
    EXPECT_EQ(paths(), before);
}

TEST_F(PluginTest, ListsSessionsByAnyField) {
    make_session(session("10.0.0.5", "192.0.2.10", 1000), 0);
    make_session(session("10.0.0.6", "192.0.2.11", 1001), 0);
    EXPECT_THAT(run("show nat44 sessions"), ::testing::SizeIs(2));
    for (const char* filter :
         {"inside 10.0.0.5/32", "outside 192.0.2.10/32", "inside-port 1000", "outside-port 1000",
          "inside 10.0.0.4/31 remote 198.51.100.1/32 remote-port 53 protocol udp timer udp "
          "inside-vrf default"}) {
        EXPECT_THAT(run(std::string("show nat44 sessions ") + filter),
                    ElementsAre(AllOf(HasSubstr(R"("inside":"10.0.0.5:1000")"),
                                      HasSubstr(R"("outside":"192.0.2.10:1000")"),
                                      HasSubstr(R"("remote":"198.51.100.1:53")"))))
            << filter;
        EXPECT_THAT(run(std::string("show nat44 count ") + filter),
                    ElementsAre(HasSubstr(R"("sessions":1})")))
            << filter;
    }
    for (const char* filter : {"protocol tcp", "remote 10.0.0.0/8", "timer udp-replied",
                               "inside-vrf red", "remote-port 54"}) {
        EXPECT_THAT(run(std::string("show nat44 sessions ") + filter), IsEmpty()) << filter;
    }
    for (const char* wrong :
         {"timer slow", "protocol xyz", "inside-port 65536", "inside-vrf blue"}) {
        EXPECT_NE(refusal(std::string("show nat44 sessions ") + wrong), "") << wrong;
        EXPECT_NE(refusal(std::string("show nat44 count ") + wrong), "") << wrong;
        EXPECT_NE(refusal(std::string("clear nat44 sessions ") + wrong), "") << wrong;
    }
    EXPECT_THAT(run("show nat44 hosts"), IsEmpty());
    EXPECT_THAT(run("show nat44 hosts top 5"), IsEmpty());
    for (const char* top : {"0", "10001"}) {
        EXPECT_THAT(refusal(std::string("show nat44 hosts top ") + top),
                    HasSubstr("give 1 to 10000"));
    }
    must(router_.engine->start());
    EXPECT_THAT(run("clear nat44 sessions inside-port 1000"),
                ElementsAre(HasSubstr(R"("sessions":1})")));
    EXPECT_THAT(run("show nat44 count"), ElementsAre(HasSubstr(R"("sessions":1})")));
}

/// Others have their turn while all sessions are looked at, however many there are and however few
/// are meant.
TEST_F(PluginTest, LooksAtManySessionsInTurns) {
    constexpr uint16_t many = 30'000;
    for (uint16_t i = 0; i < many; ++i) {
        make_session(session("10.0.0.5", "192.0.2.10", uint16_t(1024 + i)), 0);
    }
    const auto turns_of = [this](const char* method, uint16_t port) {
        const auto found = router_.api.find(method);
        const auto request = found->new_request();
        request->GetReflection()->SetUInt32(
            request.get(), request->GetDescriptor()->FindFieldByName("inside_port"), port);
        const auto source = must(found->list(*request));
        const auto item = found->new_reply();
        unsigned turns = 0;
        for (api::Next next = api::Next::item; next != api::Next::end;) {
            next = must(found->next(source, *item));
            turns += next == api::Next::later ? 1 : 0;
        }
        return turns;
    };
    EXPECT_EQ(turns_of("sluice.nat44.Nat44.ListSessions", 1024), 8U);
    EXPECT_EQ(turns_of("sluice.nat44.Nat44.CountSessions", 1024), 8U);
    must(router_.engine->start());
    EXPECT_THAT(run("clear nat44 sessions"), ElementsAre(HasSubstr(R"("sessions":30000})")));
    EXPECT_EQ(router_.router->flows().tables().sessions(), 0U);
}

TEST_F(PluginTest, WhatIsTakenBackEndsItsOwnSessionsOnly) {
    for (const char* line : {"add nat44 forward udp 192.0.2.10 1000 to 10.0.0.5 1000",
                             "add nat44 forward tcp 192.0.2.10 1000 to 10.0.0.5 1000",
                             "add nat44 static 192.0.2.20 to 10.0.0.6",
                             "add nat44 static 192.0.2.20 to 10.0.0.7 vrf red"}) {
        run(line);
    }
    make_session(session("10.0.0.5", "192.0.2.10", 1000), session_flag::fixed);
    make_session(session("10.0.0.6", "192.0.2.20", 1000), session_flag::fixed);
    must(router_.engine->start());
    const auto& tables = router_.router->flows().tables();
    auto& control = router_.engine->control();
    run("delete nat44 forward tcp 192.0.2.10 1000 to 10.0.0.5 1000");
    run("delete nat44 static 192.0.2.20 vrf red");
    // Long enough for all that control has to do.
    const auto go_on = [&control] {
        const auto later = control.after(std::chrono::milliseconds(50), [&] { control.stop(); });
        control.run();
    };
    go_on();
    EXPECT_EQ(tables.sessions(), 2U);
    run("delete nat44 forward udp 192.0.2.10 1000 to 10.0.0.5 1000");
    EXPECT_TRUE(eventually([&] { return tables.sessions() == 1; }));
    // Deleted and there again, it has its sessions.
    run("delete nat44 static 192.0.2.20");
    run("add nat44 static 192.0.2.20 to 10.0.0.6");
    go_on();
    EXPECT_EQ(tables.sessions(), 1U);
    run("delete nat44 static 192.0.2.20");
    EXPECT_TRUE(eventually([&] { return tables.sessions() == 0; }));
}

TEST_F(PluginTest, SessionsBetweenTwoInsideEndWithEitherOnesMapping) {
    for (const char* of :
         {"forward udp 192.0.2.10 1000 to 10.0.0.5 1000", "static 192.0.2.20 to 10.0.0.6"}) {
        run(std::string("add nat44 ") + of);
    }
    Session made{};
    made.forward = {ip("10.0.0.6"), ip("192.0.2.10"), Ports::of(7, 1000), 0, 17, 0};
    made.reverse = {ip("10.0.0.5"), ip("192.0.2.20"), Ports::of(1000, 7), 0, 17, 0};
    for (const char* mapping :
         {"forward udp 192.0.2.10 1000 to 10.0.0.5 1000", "static 192.0.2.20"}) {
        make_session(made, session_flag::hairpin | session_flag::twice | session_flag::fixed);
        run(std::string("delete nat44 ") + mapping);
        if (!router_.engine->is_running()) {
            must(router_.engine->start());
        }
        EXPECT_TRUE(
            eventually([this] { return router_.router->flows().tables().sessions() == 0; }));
        router_.engine->stop();
    }
}

TEST_F(PluginTest, TellsHowMuchOfEachAddressIsInUse) {
    for (const char* line :
         {"add nat44 pool a", "add nat44 address a 192.0.2.10 to 192.0.2.11",
          "add nat44 pool b allocation blocks block-size 512 first-port 1024 last-port 5119",
          "add nat44 address b 192.0.2.20", "add nat44 pool i mapping endpoint-independent",
          "add nat44 interface-address i wan", "add address wan 192.0.2.1/24"}) {
        run(line);
    }
    const auto rows = run("show nat44 addresses");
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_THAT(rows[0], AllOf(HasSubstr("192.0.2.10"), HasSubstr(R"("ports":64512)"),
                               HasSubstr("in-use"), Not(HasSubstr("tcp_ports"))));
    EXPECT_THAT(rows[1], HasSubstr("192.0.2.11"));
    EXPECT_THAT(rows[2], AllOf(HasSubstr(R"("blocks":0)"), HasSubstr(R"("all_blocks":8)")));
    EXPECT_THAT(rows[3], AllOf(HasSubstr("192.0.2.1"), HasSubstr(R"("tcp_ports":0)")));
    EXPECT_THAT(run("show nat44 addresses pool b"), ElementsAre(rows[2]));
    EXPECT_EQ(refusal("show nat44 addresses pool x"), "there is no pool 'x'; there are: a, b, i");
    EXPECT_THAT(refusal("show nat44 hosts pool x"), HasSubstr("there is no pool 'x'"));
    EXPECT_THAT(refusal("show nat44 mappings protocol xyz"), HasSubstr("xyz"));
    EXPECT_THAT(run("show nat44 mappings inside 10.0.0.0/8 outside-port 5"), IsEmpty());
    EXPECT_THAT(run("show nat44 hosts inside 10.0.0.0/8 inside-vrf red pool a top 3"), IsEmpty());
    run("delete nat44 address a 192.0.2.10 to 192.0.2.11");
    EXPECT_THAT(run("show nat44 addresses pool a"), ::testing::Each(HasSubstr("\"leaving\"")));
}

TEST_F(PluginTest, KnowsItsOwnAddressesWheneverTheyCome) {
    run("add nat44 pool p");
    run("add nat44 address p 192.0.2.0 to 192.0.2.9");
    run("add nat44 forward tcp 192.0.2.20 80 to 10.0.0.5 80");
    EXPECT_NE(route("192.0.2.20/32"), "");
    // Of the pool's range and of the forward; the route is the interface's now.
    run("add address wan 192.0.2.20/24");
    EXPECT_THAT(route("192.0.2.20/32"), ::testing::Not(HasSubstr("translation")));
    run("delete address wan 192.0.2.20/24");
    EXPECT_THAT(route("192.0.2.20/32"), HasSubstr("translation"));
    // The router's in another VRF is not its own here.
    run("set interface lan vrf red");
    run("add address lan 192.0.2.31/24");
    run("add nat44 static 192.0.2.31 to 10.0.0.9");
}

TEST_F(PluginTest, AVrfIsReachedUntilItsSessionsHaveEnded) {
    const size_t before = paths();
    run("add nat44 pool p inside-vrf red");
    run("add nat44 address p 192.0.2.10");
    make_session(session("10.0.0.5", "192.0.2.10", 1000), 0);
    run("delete nat44 pool p");
    EXPECT_EQ(paths(), before + 1);
    must(router_.engine->start());
    EXPECT_TRUE(eventually([&] { return paths() == before; }));
}

TEST_F(PluginTest, ThresholdsAreOfAPoolAndKept) {
    run("add nat44 pool p");
    EXPECT_EQ(refusal("set nat44 pool x threshold 80"), "there is no pool 'x'; there are: p");
    for (const char* wrong : {"101", "1", "50 low 50", "50 low 0"}) {
        EXPECT_THAT(refusal(std::string("set nat44 pool p threshold ") + wrong),
                    HasSubstr("give 2 to 100"));
    }
    run("set nat44 pool p threshold 70");
    EXPECT_THAT(config(), ElementsAre("add nat44 pool p", "set nat44 pool p threshold 70"));
    run("set nat44 pool p threshold 5");
    EXPECT_THAT(config(), ElementsAre("add nat44 pool p", "set nat44 pool p threshold 5"));
    run("set nat44 pool p threshold 70 low 59");
    EXPECT_THAT(config(), ElementsAre("add nat44 pool p", "set nat44 pool p threshold 70 low 59"));
    run("set nat44 pool p threshold 90 low 80");
    EXPECT_THAT(config(), ElementsAre("add nat44 pool p"));
    run("set nat44 pool p threshold 50 low 20");
    run("reset nat44 pool p threshold");
    EXPECT_THAT(config(), ElementsAre("add nat44 pool p"));
}

/// Whatever pools are called.
TEST_F(PluginTest, NoTwoSamplesOfAMetricAreOfTheSamePool) {
    std::set<std::string> names = {"-", "others", "static"};
    for (unsigned i = 0; i < 300; ++i) {
        names.insert("p" + std::to_string(i));
    }
    for (const std::string& name : names) {
        run("add nat44 pool " + name);
    }
    std::set<std::string> seen;
    for (const auto& family : router_.api.metrics().collect()) {
        if (family.family->name.rfind("sluice_nat44_", 0) != 0) {
            continue;
        }
        std::set<std::string> labels;
        for (const auto& sample : family.samples) {
            EXPECT_TRUE(labels.insert(sample.labels).second) << family.family->name;
            // As in pool="p"
            seen.insert(sample.labels.substr(0, sample.labels.find('"', 6) + 1));
        }
        EXPECT_GE(labels.size(), 257U) << family.family->name;
    }
    for (const char* pool : {"-", "(others)", "(static)"}) {
        EXPECT_TRUE(seen.contains("pool=\"" + std::string(pool) + "\"")) << pool;
    }
    EXPECT_EQ(seen.size(), 258U);
}

/// Rows come one by one, while pools change.
TEST_F(PluginTest, NoAddressIsToldWithWhatAnotherOneHas) {
    for (const char* line : {"add nat44 pool a", "add nat44 address a 192.0.2.10",
                             "add nat44 address a 192.0.2.11", "add nat44 address a 192.0.2.12"}) {
        run(line);
    }
    const auto found = router_.api.find("sluice.nat44.Nat44.ListAddresses");
    const auto source = must(found->list(*found->new_request()));
    const auto row = found->new_reply();
    const auto next = [&] {
        const bool is_row = must(found->next(source, *row)) == api::Next::item;
        return is_row ? row->ShortDebugString() : "";
    };
    const std::string first = next();
    EXPECT_NE(first, "");
    run("delete nat44 address a 192.0.2.11");
    EXPECT_NE(next(), "") << "as it is leaving";
    run("delete nat44 address a 192.0.2.12");
    EXPECT_TRUE(eventually([this] { return run("show nat44 addresses").size() == 1; }));
    run("add nat44 address a 192.0.2.30 to 192.0.2.31");
    EXPECT_EQ(next(), "");
}

TEST_F(PluginTest, LeavesNothingWhenItGoes) {
    const size_t before = paths();
    for (const char* line :
         {"add nat44 pool p inside-vrf red mapping endpoint-independent",
          "add nat44 address p 192.0.2.10 to 192.0.2.19", "add nat44 interface-address p wan",
          "add nat44 pool b allocation blocks", "add nat44 address b 192.0.2.50",
          "add nat44 static 192.0.2.30 to 10.0.0.9 vrf red",
          "add nat44 forward tcp 192.0.2.31 80 to 10.0.0.5 8080", "set interface lan nat44 inside",
          "set interface wan nat44 outside"}) {
        run(line);
    }
    EXPECT_GT(paths(), before);
    must(router_.host->unload("nat44"));
    EXPECT_FALSE(on("lan", "ip4-unicast", "ip4-flow") || on("wan", "ip4-unicast", "ip4-flow"));
    for (const char* prefix : {"192.0.2.10/32", "192.0.2.31/32", "192.0.2.50/32"}) {
        EXPECT_EQ(route(prefix), "") << prefix;
    }
    EXPECT_EQ(route("192.0.2.30/32", "red"), "");
    // Without the plugin's own, to the default VRF.
    EXPECT_EQ(paths(), before - 1);
    run("delete vrf red");
    run("delete interface wan");
    must(router_.host->load("nat44"));
    EXPECT_FALSE(hairpins("lan"));
    EXPECT_THAT(config(), IsEmpty());
    run("add nat44 pool p");
    run("add nat44 address p 192.0.2.10 to 192.0.2.19");
}

}  // namespace
}  // namespace nat44
