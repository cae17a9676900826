// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_fib6.h>
#include <rte_malloc.h>

#include <algorithm>
#include <stdexcept>

#include "perf/fib6/length_hash.hpp"
#include "perf/fib6/table.hpp"
#include "vnet/ip6/range_table.hpp"

namespace perf::fib6 {

namespace {

using vnet::ip6::RangeTable;

/// Bytes that DPDK has handed out, on all sockets.
uint64_t dpdk_bytes() {
    uint64_t bytes = 0;
    for (int socket = 0; socket < RTE_MAX_NUMA_NODES; ++socket) {
        rte_malloc_socket_stats stats{};
        if (rte_malloc_get_socket_stats(socket, &stats) == 0) {
            bytes += stats.heap_allocsz_bytes;
        }
    }
    return bytes;
}

class RteFib6 final : public Table {
public:
    explicit RteFib6(size_t routes) : before_(dpdk_bytes()) {
        rte_fib6_conf configuration{};
        configuration.type = RTE_FIB6_TRIE;
        configuration.default_nh = 0;
        configuration.max_routes = int(routes + 16);
        configuration.trie.nh_sz = RTE_FIB6_TRIE_4B;
        // As many as a route of 128 bits takes alone, up to half a gigabyte.
        configuration.trie.num_tbl8 = uint32_t(std::min<size_t>(routes * 13 + 256, 1U << 19));
        fib_ = rte_fib6_create("bench", -1, &configuration);
        if (fib_ == nullptr) {
            throw std::runtime_error(fmt::format("rte_fib6: {}", rte_strerror(rte_errno)));
        }
    }
    ~RteFib6() override { rte_fib6_free(fib_); }
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            announce(route);
        }
    }
    void flap(const Route& route) override {
        const auto address = route.prefix.first().bytes();
        rte_fib6_delete(fib_, address.data(), route.prefix.length());
        announce(route);
    }
    std::vector<std::string> lookups() const override {
        std::vector<std::string> ways = {"scalar"};
        if (rte_fib6_select_lookup(fib_, RTE_FIB6_LOOKUP_TRIE_VECTOR_AVX512) == 0) {
            ways.emplace_back("avx512");
        }
        return ways;
    }
    void lookup(unsigned way, Addresses addresses, NextHops& next_hops) override {
        if (way != way_) {
            way_ = way;
            rte_fib6_select_lookup(
                fib_, way == 0 ? RTE_FIB6_LOOKUP_TRIE_SCALAR : RTE_FIB6_LOOKUP_TRIE_VECTOR_AVX512);
        }
        auto* raw = reinterpret_cast<uint8_t(*)[RTE_FIB6_IPV6_ADDR_SIZE]>(
            const_cast<vnet::wire::Ip6Address*>(addresses.data()));
        rte_fib6_lookup_bulk(fib_, raw, next_hops.longs.data(), batch);
    }
    uint32_t at(const NextHops& next_hops, size_t index) const override {
        return uint32_t(next_hops.longs[index]);
    }
    uint64_t bytes() const override { return dpdk_bytes() - before_; }

private:
    void announce(const Route& route) {
        const auto address = route.prefix.first().bytes();
        const int result =
            rte_fib6_add(fib_, address.data(), route.prefix.length(), route.next_hop);
        if (result != 0) {
            throw std::runtime_error(fmt::format("rte_fib6_add: {}", rte_strerror(-result)));
        }
    }

    uint64_t before_;
    unsigned way_ = ~0U;
    rte_fib6* fib_;
};

class Hash final : public Table {
public:
    explicit Hash(size_t routes) : table_(routes) {}
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            table_.add(route.prefix, route.next_hop);
        }
    }
    void flap(const Route& route) override { table_.add(route.prefix, route.next_hop); }
    std::vector<std::string> lookups() const override { return {"prefetch"}; }
    void lookup(unsigned, Addresses addresses, NextHops& next_hops) override {
        table_.lookup(addresses, next_hops.words.data());
    }
    uint64_t bytes() const override { return table_.bytes(); }

private:
    LengthHash table_;
};

class Ranges final : public Table {
public:
    explicit Ranges(unsigned root_bits) : table_(rcu_, {.root_bits = root_bits}) {}
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            if (route.prefix.length() == 0) {
                table_.set_default(route.next_hop);
            } else {
                paint(route, route.next_hop);
            }
            rcu_.reclaim();
        }
        table_.give_back();
        rcu_.flush();
    }
    void flap(const Route& route) override {
        paint(route, 0);
        paint(route, route.next_hop);
        rcu_.reclaim();
    }
    std::vector<std::string> lookups() const override { return {"one-by-one", "batch"}; }
    void lookup(unsigned way, Addresses addresses, NextHops& next_hops) override {
        const auto table = table_.view();
        if (way == 0) {
            for (size_t i = 0; i < batch; ++i) {
                next_hops.words[i] = table.lookup(addresses[i]);
            }
            return;
        }
        // As a node does that takes the destinations from its packets.
        std::array<RangeTable::Key, batch> keys;
        for (size_t i = 0; i < batch; ++i) {
            keys[i] = addresses[i];
        }
        table.lookup(keys, next_hops.words.data());
    }
    uint64_t bytes() const override {
        return table_.root_memory().touched_bytes + table_.node_memory().touched_bytes;
    }
    unsigned depth() const override { return table_.depth(); }

private:
    void paint(const Route& route, uint32_t next_hop) {
        if (!table_.paint(route.prefix.first(), route.prefix.last(), next_hop)) {
            throw std::runtime_error("the table is full");
        }
    }
    graph::Rcu rcu_{1};
    RangeTable table_;
};

}  // namespace

std::vector<TableKind> kinds() {
    std::vector<TableKind> all = {
        {"rte-fib6", [](size_t routes) { return std::make_unique<RteFib6>(routes); }},
        {"length-hash", [](size_t routes) { return std::make_unique<Hash>(routes); }},
    };
    for (const unsigned bits : {16U, 18U, 20U, 22U, 24U}) {
        all.push_back({fmt::format("ranges-{}", bits),
                       [bits](size_t) { return std::make_unique<Ranges>(bits); }});
    }
    return all;
}

}  // namespace perf::fib6
