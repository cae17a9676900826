// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "graph/testing/bench.hpp"
#include "plugins/vlan/input.hpp"
#include "plugins/vlan/output.hpp"
#include "plugins/vlan/tag_bytes.hpp"
#include "vnet/ethernet/input.hpp"
#include "vnet/interface/testing/fake_device.hpp"

/// A frame with any stack of tags comes in. Whoever takes it in got it whole but for the tags that
/// its interface stands for; sent back by that interface, it is the frame that it was.
namespace {

using namespace vlan;
using graph::testing::Result;

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

/// A trunk with VLAN 10, a provider's VLAN 300 with a customer's VLAN 30 in it, and all the rest.
class World {
public:
    World() {
        const auto arc = bench_.graph().add_arc(
            {"device-input", graph::ArcSide::rx, {"vlan-input"}, "ethernet-input"});
        require(arc.ok());
        bench_.add(std::make_shared<const vnet::ethernet::Input>(table_, types_));
        bench_.add(std::make_shared<const Input>(table_, tags_, *arc));
        bench_.add(std::shared_ptr<const Output>(output_));
        for (const EtherType type : {EtherType::vlan, EtherType::qinq}) {
            require(types_.add(type, "vlan-input", vnet::ethernet::Destination::any).ok());
        }
        trunk_ = add("trunk", 0, std::nullopt);
        add("ten", trunk_, Tag{EtherType::vlan, 10});
        const Index provider = add("provider", trunk_, Tag{EtherType::qinq, 300});
        add("customer", provider, Tag{EtherType::vlan, 30});
        add("rest", trunk_, std::nullopt);
    }

    void try_frame(std::span<const std::byte> frame) {
        graph::Packet* packet = bench_.packet(frame, trunk_);
        const Result in = bench_.run("ethernet-input", std::span(&packet, 1)).at(0);
        if (in.next == "drop") {
            return;
        }
        require(in.bytes.size() <= frame.size() && in.bytes.size() >= 14);
        require(std::equal(in.bytes.begin(), in.bytes.begin() + address_bytes, frame.begin()));
        require(std::equal(in.bytes.rbegin(), in.bytes.rend() - address_bytes, frame.rbegin()));
        send_back(in, frame);
    }

private:
    Index add(const char* name, Index parent, std::optional<Tag> tag) {
        const auto index =
            table_.add(name, vnet::interface::testing::FakeDevice::maker(
                                 std::make_shared<vnet::interface::testing::FakeState>()));
        require(index.ok() && table_.set_up(name, true).ok());
        if (parent != 0) {
            require(tags_.add(parent, tag, *index));
            output_->set(*index, parent, tag);
        }
        return *index;
    }

    /// Tags without a VLAN are not put on again: such a frame comes back shorter.
    void send_back(const Result& in, std::span<const std::byte> frame) {
        Result at = in;
        unsigned tags = 0;
        while (at.meta.rx_interface != trunk_) {
            graph::Packet* packet = bench_.packet(at.bytes);
            packet->meta().flags = at.meta.flags;
            packet->meta().tx_interface = at.meta.rx_interface;
            at = bench_.run("vlan-output", std::span(&packet, 1)).at(0);
            require(at.next == "interface-output" && ++tags <= 2);
            at.meta.rx_interface = at.meta.tx_interface;
        }
        require(at.bytes.size() <= frame.size());
        // One tag says all of its priority; the inner of two takes that of the outer along.
        if (tags == 1 && at.bytes.size() == frame.size()) {
            require(std::equal(at.bytes.begin(), at.bytes.end(), frame.begin()));
        }
    }

    std::unique_ptr<graph::Engine> engine_ = make_engine();
    vnet::interface::Table table_ { *engine_ };
    graph::testing::Bench bench_;
    vnet::ethernet::EtherTypes types_{bench_.graph()};
    Tags tags_{engine_->rcu()};
    std::shared_ptr<Output> output_ = std::make_shared<Output>(table_);
    Index trunk_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static World world;
    if (size > 0 && size <= 2000) {
        world.try_frame(std::as_bytes(std::span(data, size)));
    }
    return 0;
}
