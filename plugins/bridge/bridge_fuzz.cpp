// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "graph/testing/bench.hpp"
#include "plugins/bridge/flood.hpp"
#include "plugins/bridge/input.hpp"
#include "plugins/bridge/output.hpp"
#include "plugins/bridge/stations.hpp"
#include "plugins/bridge/suppress.hpp"
#include "vnet/interface/testing/fake_device.hpp"

/// Some frames come in, one after the other, by the ports of a bridge that answers for others, or
/// from the router; control learns from each. Every frame leaves as it was, by no port twice and
/// not by its own; but for an answer, which goes back to who asked, alone, and is one that the
/// bridge itself understands as words of the host that was asked for.
namespace {

using namespace bridge;
using graph::testing::Result;
using vnet::wire::MacAddress;

constexpr unsigned ports = 3;
constexpr uint64_t router_mac = 0x0200'0000'000a;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

std::unique_ptr<graph::Engine> make_engine() {
    graph::testing::start_eal();
    graph::Engine::Options options;
    options.buffers = 256;
    auto engine = graph::Engine::create(options);
    require(engine.ok());
    return *std::move(engine);
}

class World {
public:
    World() {
        const auto arc = bench_.graph().add_arc(
            {"device-input", graph::ArcSide::rx, {"bridge-input"}, "ethernet-input"});
        require(arc.ok());
        bench_.collector("ethernet-input");
        bench_.collector("interface-output");
        bench_.add(std::make_shared<const Input>(table_, shared_, *arc));
        bench_.add(std::make_shared<const Suppress>(table_, shared_, *arc));
        bench_.add(std::make_shared<const Flood>(table_, shared_.ports, *arc));
        bench_.add(std::make_shared<const Output>(table_, shared_));
        bridge_ = add("bridge");
        for (const char* name : {"a", "b", "c"}) {
            members_.push_back(add(name));
        }
        shared_.ports.publish(bridge_, &members_);
        for (const Index port : members_) {
            shared_.ports.set(port, bridge_, {});
        }
        stations_.open(bridge_);
        stations_.set(bridge_, {300, 1000, 3, suppress::arp | suppress::nd});
        stations_.set_own(bridge_, {}, MacAddress::from_uint64(router_mac));
    }

    /// `who` below ports: by that port; else from the router.
    void try_frame(unsigned who, std::span<const std::byte> frame) {
        const Index from = who < ports ? members_[who] : bridge_;
        graph::Packet* packet = bench_.packet(frame, from);
        packet->meta().tx_interface = who < ports ? graph::no_interface : bridge_;
        const auto results =
            bench_.run(who < ports ? "bridge-input" : "bridge-output", std::span(&packet, 1));
        require(results.size() <= ports + 1);
        std::vector<Index> went;
        for (const Result& result : results) {
            if (result.next == "drop") {
                continue;
            }
            const Index to = result.next == "ethernet-input" ? result.meta.rx_interface
                                                             : result.meta.tx_interface;
            require(std::count(went.begin(), went.end(), to) == 0);
            went.push_back(to);
            if (to == from) {
                require(results.size() == 1);
                check_answer(result.bytes, frame);
            } else {
                require(std::equal(result.bytes.begin(), result.bytes.end(), frame.begin(),
                                   frame.end()));
            }
        }
        stations_.learn();
    }

    void forget() { stations_.forget(bridge_); }

private:
    Index add(const char* name) {
        const auto index =
            table_.add(name, vnet::interface::testing::FakeDevice::maker(
                                 std::make_shared<vnet::interface::testing::FakeState>()));
        require(index.ok() && table_.set_up(name, true).ok());
        return *index;
    }

    void check_answer(std::span<const std::byte> answer, std::span<const std::byte> question) {
        const Words asked = words_of(question);
        const Words said = words_of(answer);
        require(asked.asks && said.says && !said.asks && said.kind == asked.kind);
        require(said.address == asked.target && said.facts.overrides);
        // To who asked.
        require(std::equal(answer.begin(), answer.begin() + 6, question.begin() + 6));
        const auto* host = shared_.hosts.find({asked.target, bridge_});
        require(host != nullptr && host->facts.mac == said.facts.mac);
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    vnet::interface::Table table_ { *engine_ };
    Shared shared_{*engine_};
    Stations stations_{table_, shared_};
    Ports::Members members_;
    graph::testing::Bench bench_;
    Index bridge_ = 0;
};

}  // namespace

/// Each frame with a byte in front that says who sends it, and its length in two.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static World world;
    auto bytes = std::as_bytes(std::span(data, size));
    for (unsigned frames = 0; frames < 16 && bytes.size() > 3; ++frames) {
        const auto who = unsigned(bytes[0]) % (ports + 1);
        const size_t length = std::min<size_t>(size_t(bytes[1]) << 8 | size_t(bytes[2]), 1600);
        const auto frame = bytes.subspan(3, std::min(length, bytes.size() - 3));
        bytes = bytes.subspan(3 + frame.size());
        if (!frame.empty()) {
            world.try_frame(who, frame);
        }
    }
    world.forget();
    return 0;
}
