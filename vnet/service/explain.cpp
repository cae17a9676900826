// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "vnet/service/packet_text.hpp"
#include "vnet/service/probe.hpp"

namespace vnet::service {

namespace {

/// Where packets of an interface come in.
constexpr std::string_view input_arc = "device-input";

sluice::PacketEnd to_api(graph::DryRun::End end) {
    switch (end) {
        case graph::DryRun::End::dropped:
            return sluice::PACKET_END_DROPPED;
        case graph::DryRun::End::transmitted:
            return sluice::PACKET_END_TRANSMITTED;
        case graph::DryRun::End::taken:
            return sluice::PACKET_END_TAKEN;
        case graph::DryRun::End::kept:
            return sluice::PACKET_END_KEPT;
        case graph::DryRun::End::stopped:
            return sluice::PACKET_END_STOPPED;
    }
    return sluice::PACKET_END_KEPT;
}

}  // namespace

absl::StatusOr<std::vector<graph::DryRun::Path>> Explain::run(const std::vector<std::byte>& bytes,
                                                              interface::Index interface) const {
    graph::Engine& engine = router_.engine();
    const auto& arcs = engine.graph().arcs();
    const auto arc = std::find_if(arcs.begin(), arcs.end(), [](const graph::Graph::Arc& one) {
        return one.present && one.spec.name == input_arc;
    });
    graph::Packet* packet = engine.pool().allocate();
    if (packet == nullptr) {
        return absl::ResourceExhaustedError(
            "there is no free packet buffer to explain with; try again when traffic is lower");
    }
    graph::reset_metadata(*packet, interface);
    packet->resize(uint32_t(bytes.size()));
    std::memcpy(packet->data(), bytes.data(), bytes.size());
    graph::DryRun dry(engine);
    return dry.run(*packet, dry.first_of(graph::ArcId(arc - arcs.begin()), *packet));
}

absl::StatusOr<sluice::Explanation> Explain::packet(const sluice::ExplainRequest& request) const {
    const auto interface = router_.interfaces().find(request.interface());
    if (!interface.ok()) {
        return interface.status();
    }
    const auto bytes = make_probe(request, (*interface)->mac);
    if (!bytes.ok()) {
        return bytes.status();
    }
    const auto paths = run(*bytes, (*interface)->index);
    if (!paths.ok()) {
        return paths.status();
    }
    sluice::Explanation reply;
    std::string text;
    for (size_t i = 0; i < paths->size(); ++i) {
        const graph::DryRun::Path& path = (*paths)[i];
        *reply.add_packets() = describe(path, i == 0);
        text += i == 0 ? fmt::format(
                             "comes in by {}: {}\n", request.interface(),
                             packet_text(path.records.front().meta, path.records.front().data()))
                       : "the router makes another packet on the way\n";
        text += this->text(reply.packets(int(i)));
    }
    reply.set_text(std::move(text));
    return reply;
}

sluice::ExplainedPacket Explain::describe(const graph::DryRun::Path& path, bool received) const {
    sluice::ExplainedPacket packet;
    const auto& arcs = router_.engine().graph().arcs();
    for (size_t i = 0; i < path.records.size(); ++i) {
        const graph::TraceRecord& record = path.records[i];
        sluice::ExplainedStep& step = *packet.add_steps();
        *step.mutable_step() = steps_.describe(path.records, i);
        step.mutable_step()->clear_microseconds();
        if (i == 0 && received) {
            for (const graph::Graph::Arc& arc : arcs) {
                if (arc.present && arc.spec.name == input_arc) {
                    add_arc(arc, record.meta, step);
                }
            }
        }
        add_arcs(record, i + 1 < path.records.size() ? &path.records[i + 1] : nullptr, step);
    }
    packet.set_end(to_api(path.end));
    describe_end(path, packet);
    return packet;
}

void Explain::describe_end(const graph::DryRun::Path& path, sluice::ExplainedPacket& packet) const {
    const graph::Graph& graph = router_.engine().graph();
    const graph::TraceRecord& last = path.records.back();
    packet.set_node(graph.name_of(last.node));
    if (path.end == graph::DryRun::End::transmitted) {
        packet.set_interface(router_.interfaces().name_of(last.meta.tx_interface));
    } else if (path.end == graph::DryRun::End::dropped) {
        const graph::DropInfo& drop = graph.drops()[last.meta.drop];
        packet.set_node(graph.name_of(drop.node));
        packet.set_drop(drop.name);
        packet.set_meaning(drop.meaning);
    } else if (path.end == graph::DryRun::End::taken) {
        packet.set_meaning(graph.nodes()[last.node].spec.effects);
    }
}

void Explain::add_arcs(const graph::TraceRecord& at, const graph::TraceRecord* next,
                       sluice::ExplainedStep& step) const {
    if (next == nullptr) {
        return;
    }
    const graph::Graph& graph = router_.engine().graph();
    const std::string& from = graph.name_of(at.node);
    const std::string& to = graph.name_of(next->node);
    for (const graph::Graph::Arc& arc : graph.arcs()) {
        const auto& starts = arc.spec.starts;
        if (!arc.present || std::find(starts.begin(), starts.end(), from) == starts.end()) {
            continue;
        }
        // A node may also send a packet elsewhere. Without features some go past the arc's end,
        // straight to what the end would choose.
        const bool on_arc = to == arc.spec.end ||
                            std::find(arc.order.begin(), arc.order.end(), to) != arc.order.end() ||
                            graph.nodes()[next->node].spec.kind == graph::NodeKind::output;
        if (on_arc && next->node != graph::drop_node) {
            add_arc(arc, next->meta, step);
        }
    }
}

void Explain::add_arc(const graph::Graph::Arc& arc, const graph::Metadata& meta,
                      sluice::ExplainedStep& step) const {
    const uint32_t interface =
        arc.spec.side == graph::ArcSide::rx ? meta.rx_interface : meta.tx_interface;
    sluice::PassedArc& passed = *step.add_arcs();
    passed.set_arc(arc.spec.name);
    passed.set_interface(router_.interfaces().name_of(interface));
    for (const std::string& feature : arc.order) {
        if (router_.engine().graph().has_feature(arc.spec.name, feature, interface)) {
            passed.add_features(feature);
        }
    }
}

std::string Explain::text(const sluice::ExplainedPacket& packet) const {
    constexpr std::string_view margin = "                        ";
    std::string text;
    std::string before;
    int number = 0;
    for (const sluice::ExplainedStep& one : packet.steps()) {
        const sluice::TraceStep& step = one.step();
        std::string lines;
        const auto add = [&](const std::string& line) {
            lines += lines.empty() ? line + "\n" : fmt::format("{}{}\n", margin, line);
        };
        if (step.has_drop()) {
            add("dropped by " + step.drop());
        }
        if (const std::string decided = Steps::decided(step); !decided.empty()) {
            add(decided);
        }
        // What the nodes before have made of it.
        if (!before.empty() && step.packet() != before && !step.has_drop()) {
            add("is now " + step.packet());
        }
        before = step.packet();
        for (const sluice::PassedArc& arc : one.arcs()) {
            add(fmt::format("arc {} of {}: {}", arc.arc(), arc.interface(),
                            arc.features().empty()
                                ? "no feature is on"
                                : fmt::format("{}", fmt::join(arc.features(), ", "))));
        }
        text += lines.empty() ? fmt::format("{:3}  {}\n", ++number, step.node())
                              : fmt::format("{:3}  {:<18} {}", ++number, step.node(), lines);
    }
    switch (packet.end()) {
        case sluice::PACKET_END_DROPPED:
            text += fmt::format("would be dropped by {}: {} ({})\n", packet.node(), packet.drop(),
                                packet.meaning());
            break;
        case sluice::PACKET_END_TRANSMITTED:
            text += fmt::format("would be transmitted by {}: {}\n", packet.interface(), before);
            break;
        case sluice::PACKET_END_TAKEN:
            text += fmt::format("would be taken by {}: {}\n", packet.node(), packet.meaning());
            break;
        case sluice::PACKET_END_STOPPED:
            text += fmt::format("goes in circles; broken off after {} steps at {}\n",
                                graph::DryRun::most_steps, packet.node());
            break;
        default:
            text += fmt::format("would be kept by {}\n", packet.node());
            break;
    }
    return text;
}

}  // namespace vnet::service
