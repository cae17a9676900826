// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "graph/testing/wait.hpp"
#include "plugins/vxlan/segments.hpp"
#include "plugins/vxlan/testing/rig.hpp"
#include "vnet/tunnel/testing/router_bench.hpp"

namespace vxlan {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::Sent;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using vnet::wire::testing::from_hex;
using vnet::wire::testing::packet;

constexpr const char* here = "02:00:00:00:00:01";
constexpr const char* there = "02:00:00:00:05:01";
constexpr const char* everybody = "ff:ff:ff:ff:ff:ff";

Bytes frame_to(const char* destination, const char* source = here) {
    return packet().ethernet(source, destination).ip4().udp().payload(30).bytes();
}
/// A frame that an end sent, in the tunnel of VNI 9.
Bytes from(const char* end, const Bytes& frame, const char* to = "10.0.2.1",
           const char* mac = "02:00:00:00:00:a2") {
    Bytes inner = from_hex("0800000000000900");
    inner.insert(inner.end(), frame.begin(), frame.end());
    return packet()
        .ethernet("02:00:00:00:00:b2", mac)
        .ip4(end, to)
        .udp(50000, 4789)
        .payload(inner)
        .bytes();
}
Bytes from6(const char* end, const Bytes& frame, const char* to = "2001:db8:2::1",
            const char* mac = "02:00:00:00:00:a2") {
    Bytes inner = from_hex("0800000000000900");
    inner.insert(inner.end(), frame.begin(), frame.end());
    return packet()
        .ethernet("02:00:00:00:00:b2", mac)
        .ip6(end, to)
        .udp(50000, 4789)
        .payload(inner)
        .bytes();
}

class SegmentsTest : public testing::Rig {
protected:
    void join(const std::string& more = "") {
        set_up({"add vxlan tunnel t vni 9 local 10.0.2.1" + more, "set interface t state up",
                "add cross-connect lan t"});
        drops();
    }
    /// The other ends that frames went to, by IPv4, each with the VNI.
    static std::vector<std::pair<std::string, uint32_t>> ends(const std::vector<Sent>& sent) {
        std::vector<std::pair<std::string, uint32_t>> all;
        for (const Sent& one : sent) {
            const auto byte = [&](size_t at) { return unsigned(one.bytes.at(at)); };
            all.emplace_back(vnet::wire::Ip4Address(uint8_t(byte(30)), uint8_t(byte(31)),
                                                    uint8_t(byte(32)), uint8_t(byte(33)))
                                 .to_string(),
                             byte(46) << 16 | byte(47) << 8 | byte(48));
        }
        return all;
    }
    bool eventually(const std::function<bool()>& condition) {
        return graph::testing::eventually(condition, [this] {
            router_.engine->control().poll();
            take_up();
        });
    }
    bool knows(const std::string& what) {
        return eventually([&] {
            const auto rows = run("show vxlan mac");
            return std::any_of(rows.begin(), rows.end(), [&](const std::string& row) {
                return row.find(what) != std::string::npos;
            });
        });
    }
};

TEST_F(SegmentsTest, SendsToWhomItWasToldAtEveryBurst) {
    join(" learning off");
    set_up({"add vxlan mac t 02:00:00:00:05:01 remote 198.51.100.7",
            "add vxlan mac t 02:00:00:00:05:02 remote 198.51.100.7",
            "add vxlan mac t 02:00:00:00:05:03 remote 198.51.100.8 vni 77"});
    for (const unsigned burst : {1U, 3U, 63U, 256U}) {
        const auto sent = send(lan, frame_to(there), burst);
        ASSERT_EQ(sent.size(), burst);
        for (const auto& one : ends(sent)) {
            EXPECT_THAT(one, Pair("198.51.100.7", 9));
        }
        EXPECT_EQ(Bytes(sent[0].bytes.begin() + 50, sent[0].bytes.end()), frame_to(there));
    }
    EXPECT_THAT(ends(send(lan, frame_to("02:00:00:00:05:03"))),
                ElementsAre(Pair("198.51.100.8", 77)));
    EXPECT_THAT(send(lan, frame_to("02:00:00:00:05:04")), IsEmpty());
    EXPECT_THAT(drops(), ElementsAre(Pair("vxlan-multipoint-encap/no-remote", 1)));
    set_up({"add vxlan mac t 02:00:00:00:05:02 remote 198.51.100.9"});
    EXPECT_THAT(ends(send(lan, frame_to("02:00:00:00:05:02"))),
                ElementsAre(Pair("198.51.100.9", 9)));
    set_up({"delete vxlan mac t 02:00:00:00:05:01"});
    EXPECT_THAT(send(lan, frame_to(there)), IsEmpty());
    EXPECT_THAT(run("show vxlan tunnel").at(0), HasSubstr(R"("remotes":3)"));
}

TEST_F(SegmentsTest, FloodsACopyToEachAtEveryBurst) {
    join();
    set_up({"add vxlan flood t 198.51.100.7", "add vxlan flood t 198.51.100.8 vni 5",
            "add vxlan flood t 198.51.100.9"});
    for (const char* to : {everybody, "01:00:5e:00:00:05", there}) {
        for (const unsigned burst : {1U, 3U, 63U, 256U}) {
            const auto sent = send(lan, frame_to(to), burst);
            ASSERT_EQ(sent.size(), 3 * burst);
            if (burst == 1) {
                EXPECT_THAT(ends(sent),
                            UnorderedElementsAre(Pair("198.51.100.7", 9), Pair("198.51.100.8", 5),
                                                 Pair("198.51.100.9", 9)));
            }
            for (const auto& one : sent) {
                EXPECT_EQ(Bytes(one.bytes.begin() + 50, one.bytes.end()), frame_to(to));
            }
        }
    }
    set_up({"delete vxlan flood t 198.51.100.8", "add vxlan flood t 198.51.100.9 vni 6"});
    EXPECT_THAT(ends(send(lan, frame_to(everybody))),
                UnorderedElementsAre(Pair("198.51.100.7", 9), Pair("198.51.100.9", 6)));
    EXPECT_THAT(drops(), IsEmpty());
}

TEST_F(SegmentsTest, LearnsWhoIsBehindWhom) {
    join();
    EXPECT_THAT(send(wan, from("198.51.100.7", frame_to(here, there))), SizeIs(1));
    ASSERT_TRUE(knows(there));
    EXPECT_THAT(ends(send(lan, frame_to(there))), ElementsAre(Pair("198.51.100.7", 9)));
    EXPECT_THAT(run("show vxlan mac").at(0),
                HasSubstr(R"("tunnel":"t","mac":"02:00:00:00:05:01","remote":"198.51.100.7",)"
                          R"("vni":9,"fixed":false)"));
    // It moves.
    EXPECT_THAT(send(wan, from("198.51.100.8", frame_to(here, there))), SizeIs(1));
    ASSERT_TRUE(knows("198.51.100.8"));
    EXPECT_THAT(ends(send(lan, frame_to(there))), ElementsAre(Pair("198.51.100.8", 9)));
    EXPECT_THAT(run("show vxlan tunnel").at(0),
                HasSubstr(R"("remotes":1,"learned":1,"refused":0,"moves":1,"untold":0)"));
    set_up({"clear vxlan t"});
    EXPECT_THAT(run("show vxlan mac"), IsEmpty());
    EXPECT_THAT(run("show vxlan tunnel").at(0), HasSubstr(R"("remotes":0,"learned":0)"));
    EXPECT_THAT(send(lan, frame_to(there)), IsEmpty());
}

TEST_F(SegmentsTest, WhatIsConfiguredStaysWhereItIs) {
    join(" mac-limit 0");
    set_up({"add vxlan mac t 02:00:00:00:05:01 remote 198.51.100.7"});
    EXPECT_THAT(send(wan, from("198.51.100.8", frame_to(here, there))), SizeIs(1));
    // Another station, which is one more than the limit: it is refused behind the first.
    EXPECT_THAT(send(wan, from("198.51.100.8", frame_to(here, "02:00:00:00:05:02"))), SizeIs(1));
    ASSERT_TRUE(eventually([&] {
        return run("show vxlan tunnel").at(0).find(R"("refused":1)") != std::string::npos;
    }));
    EXPECT_THAT(run("show vxlan mac"), ElementsAre(HasSubstr("198.51.100.7")));
}

TEST_F(SegmentsTest, TakesFromNobodyElseWhereItDoesNotLearn) {
    join(" learning off");
    set_up({"add vxlan flood t 198.51.100.7",
            "add vxlan mac t 02:00:00:00:05:01 remote "
            "198.51.100.8 vni 77"});
    EXPECT_THAT(send(wan, from("198.51.100.7", frame_to(here, there))), SizeIs(1));
    EXPECT_THAT(send(wan, from("198.51.100.8", frame_to(here, there))), SizeIs(1));
    EXPECT_THAT(send(wan, from("198.51.100.9", frame_to(here, there))), IsEmpty());
    EXPECT_THAT(drops(), ElementsAre(Pair("vxlan4-decap/unexpected-peer", 1)));
    set_up({"delete vxlan flood t 198.51.100.7"});
    EXPECT_THAT(send(wan, from("198.51.100.7", frame_to(here, there))), IsEmpty());
    set_up({"delete vxlan mac t 02:00:00:00:05:01"});
    EXPECT_THAT(send(wan, from("198.51.100.8", frame_to(here, there))), IsEmpty());
}

TEST_F(SegmentsTest, OverIp6AsWell) {
    set_up({"add vxlan tunnel t vni 9 local 2001:db8:2::1", "set interface t state up",
            "add cross-connect lan t", "add vxlan flood t 2001:db8:7::8"});
    EXPECT_THAT(send(wan, from6("2001:db8:7::7", frame_to(here, there))), SizeIs(1));
    ASSERT_TRUE(knows("2001:db8:7::7"));
    const auto sent = send(lan, frame_to(there));
    ASSERT_THAT(sent, SizeIs(1));
    EXPECT_EQ(Bytes(sent[0].bytes.begin() + 70, sent[0].bytes.end()), frame_to(there));
    EXPECT_THAT(send(lan, frame_to(everybody)), SizeIs(1));
    EXPECT_THAT(run("show vxlan flood"),
                ElementsAre(HasSubstr(R"("remote":"2001:db8:7::8","vni":9,"way_mtu":1430)")));
}

TEST_F(SegmentsTest, HasTheMtuOfTheNarrowestWay) {
    join();
    set_up({"add vxlan flood t 198.51.100.7"});
    ASSERT_TRUE(eventually([&] { return interface("t").mtu == 1450; }));
    set_up({"set interface wan mtu 1400"});
    EXPECT_TRUE(eventually([&] { return interface("t").mtu == 1350; }));
    EXPECT_THAT(run("show vxlan tunnel").at(0), HasSubstr(R"("way_mtu":1350)"));
}

TEST_F(SegmentsTest, RefusesInASentence) {
    join();
    EXPECT_EQ(refusal("add vxlan tunnel u vni 9 local 10.0.2.1"),
              "'t' is the tunnel of VNI 9 at 10.0.2.1 already");
    EXPECT_EQ(refusal("add vxlan mac lan 02:00:00:00:05:01 remote 198.51.100.7"),
              "interface 'lan' is a fake, not a VXLAN tunnel of many ends; `show vxlan tunnel` "
              "lists those, without a remote end");
    EXPECT_EQ(refusal("add vxlan mac t 01:00:00:00:05:01 remote 198.51.100.7"),
              "01:00:00:00:05:01 cannot be a station's address; give a unicast MAC address");
    EXPECT_EQ(refusal("add vxlan mac t 02:00:00:00:05:01 remote 198.51.100.7 vni 16777216"),
              "VNI 16777216 is out of range; give 0 to 16777215");
    EXPECT_THAT(refusal("add vxlan mac t 02:00:00:00:05:01 remote 2001:db8::7"),
                HasSubstr("10.0.2.1 and 2001:db8::7 cannot be the ends of one tunnel"));
    EXPECT_THAT(refusal("add vxlan flood t 0.0.0.1"), HasSubstr("cannot be the end of a tunnel"));
    EXPECT_EQ(refusal("delete vxlan flood t 198.51.100.7"),
              "198.51.100.7 does not get what is for all of tunnel 't'; `show vxlan flood` lists "
              "who does");
    EXPECT_EQ(refusal("delete vxlan mac t 02:00:00:00:05:01"),
              "02:00:00:00:05:01 was not configured as a station of tunnel 't'; `show vxlan mac` "
              "lists those");
    EXPECT_EQ(refusal("add vxlan tunnel u vni 8 local 10.0.2.1 ageing 9"),
              "ageing 9 is out of range; give 10 to 1000000");
    EXPECT_THAT(refusal("add vxlan tunnel u vni 8 local 10.0.2.1 remote 198.51.100.7 learning on"),
                HasSubstr("has one remote end, and nothing to learn"));
}

TEST_F(SegmentsTest, DoesNotLearnWhatItsPredecessorHeard) {
    join();
    const uint32_t number = interface("t").index;
    EXPECT_THAT(send(wan, from("198.51.100.7", frame_to(here, there))), SizeIs(1));
    set_up({"delete interface t"});
    join();
    ASSERT_EQ(interface("t").index, number);
    constexpr const char* later = "02:00:00:00:05:02";
    EXPECT_THAT(send(wan, from("198.51.100.8", frame_to(here, later))), SizeIs(1));
    ASSERT_TRUE(knows(later));
    EXPECT_THAT(run("show vxlan mac"), ElementsAre(HasSubstr(later)));
}

TEST_F(SegmentsTest, EndsAndBeginsAgain) {
    for (int round = 0; round < 3; ++round) {
        join(" port 8472");
        set_up({"add vxlan flood t 198.51.100.7",
                "add vxlan mac t 02:00:00:00:05:01 remote 198.51.100.8 vni 77"});
        EXPECT_THAT(send(lan, frame_to(everybody)), SizeIs(1));
        set_up({"delete interface t"});
        EXPECT_THAT(run("show vxlan mac"), IsEmpty());
    }
    join();
    set_up({"add vxlan flood t 198.51.100.7"});
    testing::must(router_.host->unload("vxlan"));
    testing::must(router_.host->load("vxlan"));
    join();
}

/// The control side alone, with room for two ends.
class FewEnds : public ::testing::Test {
protected:
    FewEnds() {
        net_.router->interfaces().observe(
            [this](const auto& interface, auto change) { segments_.changed(interface, change); });
        Segments::Spec spec;
        spec.local = Ip6Address::mapped(vnet::wire::testing::ip("192.0.2.1"));
        spec.port = 4789;
        spec.vni = 9;
        testing::must(segments_.add("t", spec).status());
    }
    ~FewEnds() override { net_.router->interfaces().remove_all(); }

    absl::Status flood(const char* end, std::optional<uint32_t> vni = {}) {
        return segments_.add_flood("t", Ip6Address::mapped(vnet::wire::testing::ip(end)), vni);
    }
    size_t ends() { return segments_.all().at(0).remotes; }

    vnet::tunnel::testing::RouterBench net_;
    SegmentTables tables_{net_.engine->rcu(), 1, 2};
    Segments segments_{{*net_.engine, net_.router->interfaces(), net_.tunnels(), tables_},
                       net_.engine->graph().find("null-tx")};
};

TEST_F(FewEnds, RefusesOneMoreThanThereIsRoomFor) {
    EXPECT_TRUE(flood("192.0.2.7").ok());
    // With a VNI of its own it is two: the other takes what comes from it.
    const absl::Status status = flood("192.0.2.8", 77);
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
    EXPECT_EQ(ends(), 1U);
    net_.engine->rcu().flush();
    EXPECT_TRUE(flood("192.0.2.8").ok());
    EXPECT_EQ(flood("192.0.2.9").code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(ends(), 2U);
}

constexpr const char* group_mac = "01:00:5e:01:01:09";

TEST_F(SegmentsTest, SendsWhatIsForAllToAGroup) {
    join();
    set_up({"add vxlan flood t 239.1.1.9 interface wan", "add vxlan flood t 198.51.100.7"});
    EXPECT_THAT(
        run("show ip4-group"),
        ElementsAre(R"({"interface":"wan","group":"239.1.1.9","listeners":1,"reported":true})"));
    for (const unsigned burst : {1U, 3U, 63U, 200U}) {
        const auto sent = send(lan, frame_to(everybody), burst);
        ASSERT_EQ(sent.size(), 2 * burst);
        EXPECT_THAT(ends({sent[0], sent[1]}),
                    UnorderedElementsAre(Pair("239.1.1.9", 9), Pair("198.51.100.7", 9)));
    }
    const auto sent = send(lan, frame_to(everybody));
    const auto& to_group = ends({sent[0]})[0].first == "239.1.1.9" ? sent[0].bytes : sent[1].bytes;
    EXPECT_EQ(Bytes(to_group.begin(), to_group.begin() + 14),
              from_hex("01005e010109 0200000000a2 0800"));
    EXPECT_EQ(Bytes(to_group.begin() + 50, to_group.end()), frame_to(everybody));
    // The link's address and MTU are followed.
    set_up({"set interface wan mac 02:00:00:00:00:c2", "set interface wan mtu 1400"});
    EXPECT_TRUE(eventually([&] { return interface("t").mtu == 1400 - 50; }));
    for (const Sent& one : send(lan, frame_to(everybody))) {
        EXPECT_EQ(Bytes(one.bytes.begin() + 6, one.bytes.begin() + 12), from_hex("0200000000c2"));
    }
    set_up({"delete vxlan flood t 239.1.1.9"});
    EXPECT_THAT(ends(send(lan, frame_to(everybody))), ElementsAre(Pair("198.51.100.7", 9)));
    EXPECT_THAT(run("show ip4-group"), IsEmpty());
}

TEST_F(SegmentsTest, TakesAndLearnsWhatComesToItsGroup) {
    join();
    set_up({"add vxlan flood t 239.1.1.9 interface wan"});
    EXPECT_THAT(send(wan, from("198.51.100.7", frame_to(everybody, there), "239.1.1.9", group_mac)),
                SizeIs(1));
    EXPECT_TRUE(knows("198.51.100.7"));
    EXPECT_THAT(ends(send(lan, frame_to(there))), ElementsAre(Pair("198.51.100.7", 9)));
    EXPECT_THAT(send(wan, from("198.51.100.7", frame_to(everybody, there), "239.1.1.8", group_mac)),
                IsEmpty())
        << "another group";
    EXPECT_THAT(drops(), ElementsAre(Pair("vxlan4-decap/unknown-vni", 1)));
}

TEST_F(SegmentsTest, HasGroupsOverIp6) {
    set_up({"add vxlan tunnel t vni 9 local 2001:db8:2::1 checksum off", "set interface t state up",
            "add cross-connect lan t", "add vxlan flood t ff05::109 interface wan"});
    drops();
    const auto sent = send(lan, frame_to(everybody));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(Bytes(sent[0].bytes.begin(), sent[0].bytes.begin() + 6), from_hex("333300000109"));
    EXPECT_THAT(run("show ip6-group interface wan"), ::testing::Contains(HasSubstr("ff05::109")));
    EXPECT_THAT(send(wan, from6("2001:db8:9::7", frame_to(everybody, there), "ff05::109",
                                "33:33:00:00:01:09")),
                SizeIs(1));
    EXPECT_TRUE(knows("2001:db8:9::7"));
}

TEST_F(SegmentsTest, AGroupGoesWithItsLink) {
    join();
    run("add null spare");
    set_up({"add vxlan flood t 239.1.1.9 interface spare", "add vxlan flood t 198.51.100.7"});
    EXPECT_THAT(run("show vxlan flood"), SizeIs(2));
    // By another link it is another way.
    set_up({"add vxlan flood t 239.1.1.9 interface wan"});
    EXPECT_THAT(run("show ip4-group"), ElementsAre(HasSubstr(R"("interface":"wan")")));
    set_up({"add vxlan flood t 239.1.1.9 interface spare", "delete interface spare"});
    EXPECT_THAT(run("show vxlan flood"), ElementsAre(HasSubstr("198.51.100.7")));
    EXPECT_THAT(run("show ip4-group"), IsEmpty());
    EXPECT_THAT(ends(send(lan, frame_to(everybody))), ElementsAre(Pair("198.51.100.7", 9)));
}

TEST_F(SegmentsTest, RefusesGroupsInASentence) {
    join();
    EXPECT_EQ(refusal("add vxlan flood t 239.1.1.9"),
              "239.1.1.9 is a group; name the interface that it is reached by");
    EXPECT_EQ(refusal("add vxlan flood t 198.51.100.7 interface wan"),
              "198.51.100.7 is no group; routes say by which interface it is reached");
    EXPECT_EQ(refusal("add vxlan flood t 239.1.1.9 vni 7 interface wan"),
              "who listens to group 239.1.1.9 takes the tunnel's own VNI; leave it out");
    EXPECT_THAT(refusal("add vxlan flood t 224.0.0.5 interface wan"),
                HasSubstr("224.0.0.5 is no multicast group for a tunnel"));
    EXPECT_THAT(refusal("add vxlan flood t 239.1.1.9 interface none"), HasSubstr("'none'"));
    EXPECT_THAT(refusal("add vxlan mac t 02:00:00:00:05:01 remote 239.1.1.9"),
                HasSubstr("239.1.1.9 cannot be the end of a tunnel"));
    run("add vxlan flood t 239.1.1.9 interface wan");
    run("add address wan 10.0.3.1/24");
    run("add vxlan tunnel u vni 9 local 10.0.3.1");
    EXPECT_EQ(refusal("add vxlan flood u 239.1.1.9 interface wan"),
              "VNI 9 of group 239.1.1.9 is that of tunnel 't' already");
    EXPECT_THAT(run("show vxlan flood"), ElementsAre(HasSubstr(R"("interface":"wan")")));
}

}  // namespace
}  // namespace vxlan
