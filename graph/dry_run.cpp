// SPDX-License-Identifier: Apache-2.0
#include "graph/dry_run.hpp"

namespace graph {

DryRun::DryRun(Engine& engine) : engine_(engine), dispatch_(engine.dry_context(), engine.pool()) {
    // The version as the workers have it, with a visit in the place of each node.
    auto version = std::make_shared<GraphVersion>(*engine.version());
    visits_.resize(version->nodes.size());
    for (size_t rank = 0; rank < visits_.size(); ++rank) {
        GraphVersion::Node& node = version->nodes[rank];
        const NodeSpec& spec = engine.graph().nodes()[node.id].spec;
        Visit& visit = visits_[rank];
        visit = {this, node.process, node.self, node.id, End::kept};
        if (node.id == drop_node) {
            visit.process = nullptr;
            visit.end = End::dropped;
        } else if (!spec.effects.empty()) {
            // An output too, that is no interface's.
            visit.process = spec.preview;
            visit.end = End::taken;
        } else if (spec.kind == NodeKind::output) {
            visit.process = spec.preview;
            visit.end = End::transmitted;
        }
        node.process = &DryRun::visit;
        node.self = &visit;
    }
    runtime_ = std::make_unique<WorkerRuntime>(std::move(version), dispatch_.counters());
    dispatch_.adopt(runtime_.get());
}

DryRun::~DryRun() {
    dispatch_.adopt(nullptr);
}

NodeId DryRun::first_of(ArcId arc, Packet& packet) const noexcept {
    return dispatch_.start_arc(arc, packet).index();
}

std::vector<DryRun::Path> DryRun::run(Packet& packet, NodeId start) {
    paths_.clear();
    steps_ = 0;
    dispatch_.tick();
    dispatch_.enqueue(packet, start);
    dispatch_.drain();
    return std::move(paths_);
}

void DryRun::record(const Visit& visit, Packet& packet, uint64_t now_tsc) {
    Metadata& meta = packet.meta();
    // A packet that a node has made is not marked yet.
    if (!meta.has(packet_flag::traced)) {
        meta.flags |= packet_flag::traced;
        meta.trace = uint32_t(paths_.size());
        paths_.emplace_back();
    }
    Path& path = paths_[meta.trace];
    TraceRecord& record = path.records.emplace_back();
    record.packet = meta.trace;
    record.worker = uint16_t(engine_.dry_context());
    record.take(packet, visit.node, now_tsc);
    path.end = visit.end;
}

void DryRun::visit(const void* self, Dispatch& dispatch, Frame& frame) noexcept {
    const Visit& visit = *static_cast<const Visit*>(self);
    DryRun& run = *visit.run;
    const bool stop = run.steps_ == most_steps;
    for (Packet* packet : frame.used()) {
        if (!stop) {
            ++run.steps_;
            run.record(visit, *packet, dispatch.now_tsc());
        } else if (packet->meta().has(packet_flag::traced)) {
            run.paths_[packet->meta().trace].end = End::stopped;
        }
    }
    if (stop || visit.process == nullptr) {
        free_packets(frame.used());
    } else {
        visit.process(visit.self, dispatch, frame);
    }
}

}  // namespace graph
