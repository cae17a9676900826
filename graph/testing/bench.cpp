// SPDX-License-Identifier: Apache-2.0
#include "graph/testing/bench.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "graph/eal.hpp"

namespace graph::testing {

namespace {
template <class T>
T check(absl::StatusOr<T> value) {
    if (!value.ok()) {
        throw std::runtime_error(std::string(value.status().message()));
    }
    return std::move(*value);
}
}  // namespace

void start_eal() {
    [[maybe_unused]] static const Eal eal = [] {
        EalOptions options;
        options.memory_mb = 192;
        options.no_huge = true;
        return check(Eal::start(options));
    }();
}

PacketPool& pool() {
    start_eal();
    static PacketPool shared = check(PacketPool::create("bench", 8192));
    return shared;
}

/// Keeps what reaches it. A sink, but with the name it is asked for.
struct Bench::Collector {
    static constexpr auto info = node("collector");
    mutable std::vector<Packet*> packets;
    void operator()(std::span<Packet*> arrived, Dispatch&) const noexcept {
        packets.insert(packets.end(), arrived.begin(), arrived.end());
    }
};

namespace {
template <class Collector>
NodeSpec named(const Collector& collector, const std::string& name) {
    NodeSpec spec = describe(collector);
    spec.name = name;
    return spec;
}
}  // namespace

Bench::Bench()
    : drop_(std::make_shared<Collector>()),
      graph_(named(*drop_, "drop")),
      dispatch_(std::make_unique<Dispatch>(0, pool())) {
    collectors_["drop"] = drop_;
    NodeSpec input;
    input.name = "bench-input";
    input.kind = NodeKind::input;
    (void)check(graph_.add(input));
}

Bench::~Bench() {
    dispatch_->adopt(nullptr);
}

NodeId Bench::added(const absl::StatusOr<NodeId>& id) {
    const NodeId node = check(id);
    runtime_.reset();
    under_test_.push_back(graph_.name_of(node));
    graph_.link("bench-input", graph_.name_of(node));
    return node;
}

NodeId Bench::collector(const std::string& name) {
    if (graph_.find(name) != no_node) {
        return graph_.find(name);
    }
    auto collector = std::make_shared<Collector>();
    collectors_[name] = collector;
    const NodeId id = check(graph_.add(named(*collector, name), collector));
    graph_.link("bench-input", name);
    runtime_.reset();
    return id;
}

void Bench::build() {
    const auto count = graph_.nodes().size();
    for (size_t i = 0; i < count; ++i) {
        const std::vector<std::string> edges = graph_.nodes()[i].spec.edges;
        for (const std::string& edge : edges) {
            collector(edge);
        }
    }
    runtime_ = std::make_unique<WorkerRuntime>(check(graph_.build()), dispatch_->counters());
    dispatch_->adopt(runtime_.get());
}

Packet* Bench::packet(std::span<const std::byte> bytes, uint32_t rx_interface) {
    Packet* packet = pool().allocate();
    if (packet == nullptr || !packet->resize(uint32_t(bytes.size()))) {
        throw std::runtime_error(fmt::format("no buffer for a packet of {} B", bytes.size()));
    }
    std::copy(bytes.begin(), bytes.end(), packet->data());
    packet->meta().rx_interface = rx_interface;
    return packet;
}

std::vector<Result> Bench::run(const std::string& node, std::span<Packet* const> packets) {
    if (runtime_ == nullptr) {
        build();
    }
    const NodeId id = graph_.find(node);
    if (id == no_node) {
        throw std::runtime_error(fmt::format("no node '{}' on the bench", node));
    }
    dispatch_->begin_input(graph_.find("bench-input"));
    for (Packet* packet : packets) {
        dispatch_->enqueue(*packet, id);
    }
    dispatch_->tick();
    dispatch_->drain();
    std::vector<Result> results;
    for (const auto& [name, collector] : collectors_) {
        for (Packet* packet : collector->packets) {
            Result result;
            result.next = name;
            result.meta = packet->meta();
            if (name == "drop") {
                result.drop = graph_.drops()[packet->meta().drop].name;
            }
            for (const rte_mbuf* segment = packet->mbuf(); segment != nullptr;
                 segment = segment->next) {
                const auto* begin = rte_pktmbuf_mtod(segment, const std::byte*);
                result.bytes.insert(result.bytes.end(), begin, begin + segment->data_len);
            }
            results.push_back(std::move(result));
            free_packet(packet);
        }
        collector->packets.clear();
    }
    return results;
}

std::vector<Result> Bench::run(const std::string& node, std::span<const std::byte> bytes,
                               unsigned count, uint32_t rx_interface) {
    std::vector<Packet*> packets;
    for (unsigned i = 0; i < count; ++i) {
        packets.push_back(packet(bytes, rx_interface));
    }
    return run(node, packets);
}

uint64_t Bench::drops(const std::string& node, const std::string& reason) const {
    for (size_t id = 0; id < graph_.drops().size(); ++id) {
        const DropInfo& drop = graph_.drops()[id];
        if (drop.name == reason && graph_.name_of(drop.node) == node) {
            return dispatch_->counters().drops[id].read();
        }
    }
    throw std::runtime_error(fmt::format("node '{}' has no drop reason '{}'", node, reason));
}

}  // namespace graph::testing
