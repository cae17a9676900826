// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "graph/testing/bench.hpp"
#include "plugins/qos/map.hpp"
#include "plugins/qos/node.hpp"
#include "vnet/wire/checksum.hpp"

/// The first byte chooses. 0: what follows is an entry of a map, which is read or refused. Else
/// four bytes of what the packet was treated as, and a packet of IPv4 (1) or IPv6 from its header
/// on: it comes in, meets rules and policers, and leaves marked. Nothing of it changes but its DSCP
/// and, by as much, its checksum; a wrong one stays wrong.
namespace {

using namespace qos;
using graph::testing::Result;
using Bytes = std::vector<std::byte>;

constexpr Index interface = 1;
constexpr size_t link_bytes = 14;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// The nodes of a family, with all that they can do.
template <class Family>
class Way {
public:
    using InputNode = Node<Family, Side::input>;
    using OutputNode = Node<Family, Side::output>;

    Way(graph::testing::Bench& bench, vnet::fragment::PortsSlot ports, graph::ArcId first_arc)
        : bench_(bench),
          input_(std::make_shared<InputNode>(ports, 7)),
          output_(std::make_shared<OutputNode>(ports, 7)),
          first_arc_(first_arc) {
        add(input_, "input", "lookup", graph::ArcSide::rx);
        add(output_, "rewrite", "transmit", graph::ArcSide::tx);
        in_.records = true;
        in_.trust = Trust::dscp;
        in_.recorded = usual(MapKind::dscp_to_class);
        std::vector<vnet::classify::Rule<typename Family::Rules>> rules(3);
        rules[0].protocol = 17;
        rules[0].destination_ports = {1000, 2000};
        rules[1].protocol = 6;
        rules[1].dscp = 46;
        rules[2].mark = 5;
        in_.rules = *vnet::classify::Classifier<typename Family::Rules>::compile(rules);
        const auto counts = std::make_shared<RuleCounts>(2);
        in_.deeds = {{1, ~graph::treatment::class_mask, 11, policer(Scope::flow), counts},
                     {2, ~graph::treatment::mark_mask, 0x900, policer(Scope::source), counts},
                     {3, ~uint32_t(0), 0, policer(Scope::destination), counts}};
        in_.rules_police = true;
        out_.marks_dscp = out_.marks_priority = true;
        out_.dscp = usual(MapKind::class_to_dscp);
        out_.priority = usual(MapKind::class_to_priority);
        out_.policer = policer(Scope::all);
        input_->set(interface, &in_);
        output_->set(interface, &out_);
    }

    void pass(const Bytes& frame, uint32_t treatment) {
        const Result in = run(InputNode::info.name, frame, treatment, first_arc_);
        require(in.bytes == frame && in.next != "drop");
        const Result out =
            run(OutputNode::info.name, frame, in.meta.treatment, graph::ArcId(first_arc_ + 1));
        require(out.next != "drop" && out.bytes.size() == frame.size());
        if (frame.size() < link_bytes + sizeof(typename Family::Header)) {
            require(out.bytes == frame);
            return;
        }
        compare(frame, out);
    }

private:
    template <class Made>
    void add(const std::shared_ptr<Made>& node, const char* start, const char* end,
             graph::ArcSide side) {
        const std::string prefix(Made::arc, 4);
        bench_.collector(prefix + start);
        bench_.collector(prefix + end);
        require(bench_.graph().add_arc({Made::arc, side, {prefix + start}, prefix + end}).ok());
        bench_.add(std::shared_ptr<const Made>(node));
        require(bench_.graph().add_feature(Made::arc, {std::string(Made::info.name), {}, {}}).ok());
    }
    /// Nothing is dropped, and what does not conform is only coloured.
    static std::shared_ptr<Policer> policer(Scope scope) {
        Policer::Setting setting;
        setting.terms = {
            vnet::meter::Kind::two_rate, vnet::meter::Unit::packets, true, 1000, 10, 2000, 10};
        setting.scope = scope;
        setting.flows = FlowStates::least;
        return std::make_shared<Policer>(setting, 2, 1'000'000'000);
    }
    Result run(std::string_view node, const Bytes& frame, uint32_t treatment, graph::ArcId arc) {
        graph::Packet* packet = bench_.packet(frame, interface);
        packet->meta().tx_interface = interface;
        packet->meta().l3_offset = link_bytes;
        packet->meta().treatment = treatment;
        packet->meta().arc = arc;
        return bench_.run(std::string(node), std::span(&packet, 1)).at(0);
    }
    /// The sum that a checksum makes right; 0 and 0xffff are the same.
    static uint16_t sum_of(const Bytes& frame) {
        const auto header = std::span(frame).subspan(link_bytes, sizeof(vnet::wire::Ip4Header));
        return uint16_t(vnet::wire::InternetSum().add(header).checksum().value() % 0xffff);
    }
    static void compare(const Bytes& frame, const Result& out) {
        using Header = typename Family::Header;
        Bytes expected = frame;
        auto* ip = vnet::wire::view<Header>(std::span(expected).subspan(link_bytes));
        require((out.meta.treatment & graph::treatment::classified) != 0);
        const uint8_t dscp = uint8_t(out.meta.treatment & graph::treatment::class_mask);
        if constexpr (std::is_same_v<Family, Ip4>) {
            const bool changes = ip->dscp() != dscp;
            const uint16_t before = sum_of(expected);
            const auto* left = vnet::wire::view<Header>(std::span(out.bytes).subspan(link_bytes));
            ip->set_dscp(dscp);
            ip->checksum = changes ? left->checksum : ip->checksum;
            require(sum_of(expected) == before);
        } else {
            ip->set_dscp(dscp);
        }
        require(out.bytes == expected);
    }

    graph::testing::Bench& bench_;
    std::shared_ptr<InputNode> input_;
    std::shared_ptr<OutputNode> output_;
    typename InputNode::StageOf in_;
    typename OutputNode::StageOf out_;
    const graph::ArcId first_arc_;
};

class World {
public:
    World() { bench_.build(); }
    template <class Family>
    void pass(const Bytes& frame, uint32_t treatment) {
        if constexpr (std::is_same_v<Family, Ip4>) {
            ip4_.pass(frame, treatment);
        } else {
            ip6_.pass(frame, treatment);
        }
    }

private:
    graph::testing::Bench bench_;
    const vnet::fragment::PortsSlot ports_ =
        bench_.slots().place<vnet::fragment::Ports>("ports").value();
    Way<Ip4> ip4_{bench_, ports_, 0};
    Way<Ip6> ip6_{bench_, ports_, 2};
};

void try_entry(std::string entry) {
    for (const MapKind kind : {MapKind::dscp_to_class, MapKind::priority_to_class,
                               MapKind::class_to_dscp, MapKind::class_to_priority}) {
        const auto values = read_map(kind, std::span(&entry, 1));
        const bool gives_class =
            kind == MapKind::dscp_to_class || kind == MapKind::priority_to_class;
        require(values.ok() || !values.status().message().empty());
        require(!values.ok() || std::all_of(values->begin(), values->end(), [&](uint8_t value) {
            return gives_class ? value >> 6 != 3
                               : value < (kind == MapKind::class_to_dscp ? dscps : priorities);
        }));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr size_t before_packet = 5;
    if (size == 0 || size > 1600) {
        return 0;
    }
    if (data[0] == 0) {
        try_entry(std::string(reinterpret_cast<const char*>(data + 1), size - 1));
        return 0;
    }
    if (size < before_packet) {
        return 0;
    }
    static World world;
    uint32_t treatment;
    std::memcpy(&treatment, data + 1, sizeof(treatment));
    Bytes frame(link_bytes);
    const auto packet = std::as_bytes(std::span(data + before_packet, size - before_packet));
    frame.insert(frame.end(), packet.begin(), packet.end());
    if (data[0] == 1) {
        world.pass<Ip4>(frame, treatment);
    } else {
        world.pass<Ip6>(frame, treatment);
    }
    return 0;
}
