// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "plugins/host/testing/plugin_fixture.hpp"
#include "plugins/pg/capture.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace pg {
namespace {

using plugins::host::testing::PluginFixture;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vnet::wire::testing::Bytes;
using vnet::wire::testing::packet;
using vnet::wire::testing::to_hex;

/// The plugin in a router whose worker runs, driven by its command lines. This thread is the
/// control thread.
class PluginTest : public PluginFixture {
protected:
    PluginTest() : PluginFixture(PG_DIRECTORY, "pg"), directory_(::mkdtemp(template_)) {
        plugins::host::testing::must(router_.engine->start());
    }
    ~PluginTest() override { std::filesystem::remove_all(directory_); }

    std::string path(const std::string& name) const { return std::string(directory_) + "/" + name; }

    /// Runs control until the condition holds; false after twenty seconds.
    bool eventually(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) {
                return false;
            }
            router_.engine->control().poll();
            std::this_thread::yield();
        }
        return true;
    }
    /// Two interfaces with a network each, and a host behind the second.
    void make_network() {
        for (const char* line :
             {"add pg interface lan mac 02:00:00:00:01:01",
              "add pg interface wan mac 02:00:00:00:02:01", "set interface lan state up",
              "set interface wan state up", "add address lan 10.0.1.1/24",
              "add address wan 10.0.2.1/24", "add neighbor wan 10.0.2.2 02:00:00:00:02:02"}) {
            run(line);
        }
    }
    vnet::interface::Totals totals(const std::string& interface) {
        return router_.router->interfaces().totals(
            (*router_.router->interfaces().find(interface))->index);
    }
    /// The IPv4 packets of a capture, in hex.
    std::vector<std::string> ip4_packets(const std::string& file) {
        std::vector<std::string> packets;
        const auto capture = Capture::read(file);
        for (size_t i = 0; capture.ok() && i < capture->size(); ++i) {
            const auto bytes = capture->packet(i);
            if (bytes[12] == std::byte(8) && bytes[13] == std::byte(0)) {
                packets.push_back(to_hex(bytes));
            }
        }
        return packets;
    }

    char template_[32] = "/tmp/sluice-pg-XXXXXX";
    const char* directory_;
};

TEST_F(PluginTest, ReplaysACaptureThroughTheRouterAndRecordsWhatComesOut) {
    make_network();
    const auto arriving = [](int i) {
        return packet()
            .ethernet("02:00:00:00:01:02", "02:00:00:00:01:01")
            .ip4("10.0.1.2", "10.0.2.2")
            .identification(uint16_t(i))
            .ttl(uint8_t(10 + i))
            .udp(uint16_t(5000 + i), 53)
            .payload(18 + i);
    };
    std::vector<std::string> expected;
    {
        auto writer = plugins::host::testing::must(CaptureWriter::create(path("in.pcap")));
        for (int i = 0; i < 100; ++i) {
            writer.write(arriving(i).bytes(), uint64_t(i));
            expected.push_back(to_hex(packet()
                                          .ethernet("02:00:00:00:02:01", "02:00:00:00:02:02")
                                          .ip4("10.0.1.2", "10.0.2.2")
                                          .identification(uint16_t(i))
                                          .ttl(uint8_t(9 + i))
                                          .udp(uint16_t(5000 + i), 53)
                                          .payload(18 + i)
                                          .bytes()));
        }
        // These two must not come out: for another station, and without a route.
        writer.write(packet()
                         .ethernet("02:00:00:00:01:02", "02:00:00:00:01:99")
                         .ip4("10.0.1.2", "10.0.2.2")
                         .udp()
                         .pad_to()
                         .bytes(),
                     0);
        writer.write(packet()
                         .ethernet("02:00:00:00:01:02", "02:00:00:00:01:01")
                         .ip4("10.0.1.2", "10.9.9.9")
                         .udp()
                         .pad_to()
                         .bytes(),
                     0);
    }
    run("record pg wan file " + path("out.pcap"));
    run("add pg replay again interface lan file " + path("in.pcap"));
    run("start pg again");
    EXPECT_TRUE(
        eventually([&] { return ip4_packets(path("out.pcap")).size() >= expected.size(); }));
    run("stop record pg wan");
    EXPECT_EQ(ip4_packets(path("out.pcap")), expected);
    EXPECT_THAT(run("show pg").at(0),
                AllOf(HasSubstr(R"("state":"done")"), HasSubstr(R"("sent":102)")));
    EXPECT_THAT(run("show pg record").at(0),
                AllOf(HasSubstr(R"("running":false)"), HasSubstr(R"("overflow":0)")));
}

TEST_F(PluginTest, AStreamOfSoManyPacketsIsForwardedWhole) {
    make_network();
    run("add pg stream s interface lan size 128 packets 5000 vector 64 source 10.0.1.2 sources 100 "
        "destination 10.0.2.2");
    run("start pg s");
    EXPECT_TRUE(eventually(
        [&] { return run("show pg").at(0).find(R"("state":"done")") != std::string::npos; }));
    EXPECT_TRUE(eventually([&] { return totals("wan").tx_packets >= 5000; }));
    EXPECT_EQ(totals("lan").rx_packets, 5000U);
    EXPECT_EQ(totals("lan").rx_bytes, 5000U * 128);
    // Again from its beginning.
    run("start pg s");
    EXPECT_TRUE(eventually([&] { return totals("wan").tx_packets >= 10000; }));
    run("delete pg s");
    EXPECT_THAT(run("show pg"), IsEmpty());
}

TEST_F(PluginTest, AFeedWaitsForItsInterface) {
    run("add pg interface lan");
    run("add pg stream s interface lan rate 1000");
    const auto state = [&] { return run("show pg").at(0); };
    EXPECT_THAT(state(), HasSubstr(R"("state":"stopped")"));
    run("start pg s");
    EXPECT_THAT(state(), HasSubstr(R"("state":"waiting")"));
    run("set interface lan state up");
    EXPECT_THAT(state(), HasSubstr(R"("state":"running")"));
    EXPECT_TRUE(eventually([&] { return totals("lan").rx_packets >= 20; }));
    run("set interface lan state down");
    EXPECT_THAT(state(), HasSubstr(R"("state":"waiting")"));
    const uint64_t sent = totals("lan").rx_packets;
    run("set interface lan state up");
    EXPECT_TRUE(eventually([&] { return totals("lan").rx_packets > sent; }));
    run("stop pg s");
    EXPECT_THAT(state(), HasSubstr(R"("state":"stopped")"));
    run("start pg s");
    run("delete interface lan");
    EXPECT_THAT(run("show pg"), IsEmpty());
}

TEST_F(PluginTest, ARecordingEndsAtItsLimit) {
    make_network();
    run("record pg wan file " + path("out.pcap") + " packets 10");
    run("add pg stream s interface lan source 10.0.1.2 destination 10.0.2.2");
    run("start pg s");
    EXPECT_TRUE(eventually([&] {
        return run("show pg record").at(0).find(R"("running":false)") != std::string::npos;
    }));
    run("stop pg s");
    EXPECT_EQ(plugins::host::testing::must(Capture::read(path("out.pcap"))).size(), 10U);
    EXPECT_THAT(refusal("stop record pg wan"), HasSubstr("is not being recorded"));
    // The interface may go while it is recorded.
    run("record pg wan file " + path("more.pcap"));
    run("start pg s");
    run("delete interface wan");
    EXPECT_THAT(run("show pg record"), IsEmpty());
    EXPECT_GE(std::filesystem::file_size(path("more.pcap")), 24U);
}

TEST_F(PluginTest, TheHostMayGoUnderTraffic) {
    make_network();
    run("record pg wan file " + path("out.pcap"));
    run("add pg stream s interface lan source 10.0.1.2 destination 10.0.2.2");
    run("start pg s");
    EXPECT_TRUE(eventually([&] { return totals("wan").tx_packets > 1000; }));
    router_.host.reset();
    EXPECT_EQ(router_.engine->graph().find("pg-tx"), graph::no_node);
    EXPECT_TRUE(router_.router->interfaces().all().empty());
}

TEST_F(PluginTest, BadRequestsAreAnsweredWithASentence) {
    run("add pg interface lan");
    run("add tap t");
    run("add pg stream s interface lan");
    std::ofstream(path("text")) << "no capture, just text of some length";
    const std::pair<std::string, std::string> wrong[] = {
        {"add pg interface lan", "interface 'lan' is there already"},
        {"add pg interface x mac ff:ff:ff:ff:ff:ff", "unicast"},
        {"add pg stream s interface lan", "there is a stream 's' already"},
        {"add pg replay s interface lan file x", "there is a stream 's' already"},
        {"add pg stream a/b interface lan", "cannot name a stream"},
        {"add pg stream a interface wan", "no interface 'wan'"},
        {"add pg stream a interface t", "is a tap"},
        {"add pg stream a interface lan size 59", "a size is 60 to 2048 B"},
        {"add pg stream a interface lan size 5000", "a size is 60 to 2048 B"},
        {"add pg stream a interface lan rate 0", "a rate of 0"},
        {"add pg stream a interface lan packets 0", "0 packets"},
        {"add pg stream a interface lan vector 257", "give 1 to 256"},
        {"add pg stream a interface lan vector 0", "give 1 to 256"},
        {"add pg stream a interface lan sources 0", "0 source addresses"},
        {"add pg stream a interface lan destination 255.255.255.255 destinations 2",
         "no 2 destination addresses"},
        {"add pg stream a interface lan protocol icmp source-port 1", "no ports"},
        {"add pg stream a interface lan ttl 256", "give 1 to 255"},
        {"add pg stream a interface lan worker 7", "no worker 7"},
        {"add pg replay a interface lan file " + path("missing"), "No such file"},
        {"add pg replay a interface lan file " + path("text"), "is no capture"},
        {"add pg replay a interface wan file " + path("text"), "no interface 'wan'"},
        {"start pg a", "there are: s"},
        {"stop pg a", "there are: s"},
        {"delete pg a", "there are: s"},
        {"record pg wan file x", "no interface 'wan'"},
        {"record pg t file x", "is a tap"},
        {"record pg lan file " + path("no/folder"), "cannot be written"},
        {"record pg lan file " + path("f") + " packets 0", "0 packets"},
        {"stop record pg lan", "is not being recorded"},
    };
    for (const auto& [line, sentence] : wrong) {
        EXPECT_THAT(refusal(line), HasSubstr(sentence)) << line;
    }
    EXPECT_EQ(run("show pg").size(), 1U);
    run("record pg lan file " + path("f"));
    EXPECT_THAT(refusal("record pg lan file " + path("g")), HasSubstr("being recorded to"));
    run("add pg interface other");
    EXPECT_THAT(refusal("record pg other file " + path("f")), HasSubstr("name another file"));
}

}  // namespace
}  // namespace pg
