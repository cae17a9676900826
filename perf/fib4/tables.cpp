// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_lpm.h>
#include <rte_malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "perf/fib4/poptrie.hpp"
#include "perf/fib4/table.hpp"
#include "vnet/ip4/dir24.hpp"

namespace perf::fib4 {

namespace {

constexpr uint32_t tbl8_groups = 1 << 15;
constexpr uint32_t default_hop = 1;

/// Bytes of this process that are in memory, hugepages of DPDK left out.
uint64_t resident_bytes() {
    uint64_t all = 0;
    uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * uint64_t(sysconf(_SC_PAGESIZE));
}

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

class RteFib final : public Table {
public:
    explicit RteFib(size_t routes) : before_(dpdk_bytes()) {
        rte_fib_conf configuration{};
        configuration.type = RTE_FIB_DIR24_8;
        configuration.default_nh = 0;
        configuration.max_routes = int(routes + 16);
        configuration.dir24_8.nh_sz = RTE_FIB_DIR24_8_4B;
        configuration.dir24_8.num_tbl8 = tbl8_groups;
        fib_ = rte_fib_create("bench", -1, &configuration);
        if (fib_ == nullptr) {
            throw std::runtime_error(fmt::format("rte_fib: {}", rte_strerror(rte_errno)));
        }
    }
    ~RteFib() override { rte_fib_free(fib_); }
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            rte_fib_add(fib_, route.address, route.length, route.next_hop);
        }
    }
    void flap(const Route& route) override {
        rte_fib_delete(fib_, route.address, route.length);
        rte_fib_add(fib_, route.address, route.length, route.next_hop);
    }
    std::vector<std::string> lookups() const override {
        std::vector<std::string> ways = {"scalar"};
        if (rte_fib_select_lookup(fib_, RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512) == 0) {
            ways.emplace_back("avx512");
        }
        return ways;
    }
    void lookup(unsigned way, Addresses addresses, NextHops& next_hops) override {
        if (way != way_) {
            way_ = way;
            rte_fib_select_lookup(fib_, way == 0 ? RTE_FIB_LOOKUP_DIR24_8_SCALAR_INLINE
                                                 : RTE_FIB_LOOKUP_DIR24_8_VECTOR_AVX512);
        }
        rte_fib_lookup_bulk(fib_, const_cast<uint32_t*>(addresses.data()), next_hops.longs.data(),
                            batch);
    }
    uint32_t first(const NextHops& next_hops) const override {
        return uint32_t(next_hops.longs[0]);
    }
    uint64_t bytes() const override { return dpdk_bytes() - before_; }

private:
    uint64_t before_;
    unsigned way_ = ~0U;
    rte_fib* fib_;
};

class RteLpm final : public Table {
public:
    explicit RteLpm(size_t routes) : before_(dpdk_bytes()) {
        const rte_lpm_config configuration{uint32_t(routes + 16), tbl8_groups, 0};
        lpm_ = rte_lpm_create("bench", -1, &configuration);
        if (lpm_ == nullptr) {
            throw std::runtime_error(fmt::format("rte_lpm: {}", rte_strerror(rte_errno)));
        }
    }
    ~RteLpm() override { rte_lpm_free(lpm_); }
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            // It has no route of length 0; its miss is the default.
            if (route.length != 0) {
                rte_lpm_add(lpm_, route.address, route.length, route.next_hop);
            }
        }
    }
    void flap(const Route& route) override {
        rte_lpm_delete(lpm_, route.address, route.length);
        rte_lpm_add(lpm_, route.address, route.length, route.next_hop);
    }
    std::vector<std::string> lookups() const override { return {"bulk", "prefetch"}; }
    void lookup(unsigned way, Addresses addresses, NextHops& next_hops) override {
        if (way == 1) {
            for (const uint32_t address : addresses) {
                __builtin_prefetch(&lpm_->tbl24[address >> 8]);
            }
        }
        rte_lpm_lookup_bulk(lpm_, addresses.data(), next_hops.words.data(), batch);
    }
    uint32_t first(const NextHops& next_hops) const override {
        const uint32_t entry = next_hops.words[0];
        return (entry & RTE_LPM_LOOKUP_SUCCESS) != 0 ? entry & 0x00ffffff : default_hop;
    }
    uint64_t bytes() const override { return dpdk_bytes() - before_; }

private:
    uint64_t before_;
    rte_lpm* lpm_;
};

/// Has the kernel put what large private areas hold already into pages of 2 MB: for what that would
/// gain. The areas are found by their size, since tables do not show them; DPDK's are larger still.
void use_large_pages() {
    constexpr uintptr_t page = 2U << 20;
    constexpr int collapse = 25;  // MADV_COLLAPSE, Linux 6.1, which Debian 12's headers lack
    std::ifstream maps("/proc/self/maps");
    std::string line;
    while (std::getline(maps, line)) {
        uintptr_t begin = 0;
        uintptr_t end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx rw-p", &begin, &end) == 2 &&
            end - begin >= (64U << 20) && end - begin < (1U << 30)) {
            // One by one: the kernel gives up at the first that nothing was written to.
            for (uintptr_t at = (begin + page - 1) & ~(page - 1); at + page <= end; at += page) {
                madvise(reinterpret_cast<void*>(at), page, collapse);
            }
        }
    }
}

class Dir24 final : public Table {
public:
    explicit Dir24(bool large_pages) : large_pages_(large_pages) {}
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            if (route.length == 0) {
                table_.set_default(route.next_hop);
            } else {
                table_.paint(route.address, route.last(), route.next_hop);
            }
        }
        if (large_pages_) {
            use_large_pages();
        }
    }
    void flap(const Route& route) override {
        if (route.length == 0) {
            table_.set_default(0);
            table_.set_default(route.next_hop);
            return;
        }
        table_.paint(route.address, route.last(), 0);
        table_.paint(route.address, route.last(), route.next_hop);
        rcu_.reclaim();
    }
    std::vector<std::string> lookups() const override { return {"plain", "prefetch"}; }
    void lookup(unsigned way, Addresses addresses, NextHops& next_hops) override {
        const auto table = table_.view();
        if (way == 1) {
            for (const uint32_t address : addresses) {
                table.prefetch(address);
            }
        }
        for (size_t i = 0; i < batch; ++i) {
            next_hops.words[i] = table.lookup(addresses[i]);
        }
    }
    uint64_t bytes() const override { return resident_bytes() - before_; }

private:
    const bool large_pages_;
    const uint64_t before_ = resident_bytes();
    graph::Rcu rcu_{1};
    vnet::ip4::Dir24 table_{rcu_};
};

class Trie final : public Table {
public:
    explicit Trie(unsigned direct_bits) : table_(rcu_, direct_bits) {}
    void add(std::span<const Route> routes) override {
        for (const Route& route : routes) {
            table_.paint(route.address, route.last(), route.next_hop);
            rcu_.reclaim();
        }
    }
    void flap(const Route& route) override {
        table_.paint(route.address, route.last(), default_hop);
        table_.paint(route.address, route.last(), route.next_hop);
        rcu_.reclaim();
    }
    std::vector<std::string> lookups() const override { return {"plain", "prefetch"}; }
    void lookup(unsigned way, Addresses addresses, NextHops& next_hops) override {
        if (way == 1) {
            for (const uint32_t address : addresses) {
                table_.prefetch_direct(address);
            }
            for (const uint32_t address : addresses) {
                table_.prefetch_node(address);
            }
        }
        for (size_t i = 0; i < batch; ++i) {
            next_hops.words[i] = table_.lookup(addresses[i]);
        }
    }
    uint64_t bytes() const override { return resident_bytes() - before_; }

private:
    const uint64_t before_ = resident_bytes();
    graph::Rcu rcu_{1};
    Poptrie table_;
};

}  // namespace

std::vector<Kind> kinds() {
    return {
        {"rte-fib", [](size_t routes) { return std::make_unique<RteFib>(routes); }},
        {"rte-lpm", [](size_t routes) { return std::make_unique<RteLpm>(routes); }},
        {"dir24", [](size_t) { return std::make_unique<Dir24>(false); }},
        {"dir24-large-pages", [](size_t) { return std::make_unique<Dir24>(true); }},
        {"poptrie-0", [](size_t) { return std::make_unique<Trie>(0); }},
        {"poptrie-12", [](size_t) { return std::make_unique<Trie>(12); }},
        {"poptrie-16", [](size_t) { return std::make_unique<Trie>(16); }},
        {"poptrie-18", [](size_t) { return std::make_unique<Trie>(18); }},
    };
}

}  // namespace perf::fib4
