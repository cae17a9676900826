// SPDX-License-Identifier: Apache-2.0
#include "perf/flow/contenders.hpp"

#include <fmt/format.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "perf/flow/flow_table.hpp"

namespace perf::flow {

namespace {

using vnet::flow::Direction;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;
using vnet::flow::SessionIndex;

class Ours final : public Contender {
public:
    explicit Ours(uint32_t sessions) : sessions_(sessions), made_(sessions) {
        for (uint32_t number = 0; number < sessions; ++number) {
            places_.push_back(table_.create(session(number), 0));
            if (places_.back() == 0) {
                throw std::runtime_error("a session found no place");
            }
        }
    }

    std::vector<std::string> ways() const override {
        return {"batch-16", "batch-32", "batch-64", "batch-128", "single", "batch-64-seen"};
    }
    size_t look_up(unsigned way, std::span<const Key> keys) override {
        size_t found = 0;
        const auto count = [&found](Ref ref) { found += bool(ref); };
        switch (way) {
            case 0:
                look_up_staged<16>(table_, keys, count);
                break;
            case 1:
                look_up_staged<32>(table_, keys, count);
                break;
            case 2:
                look_up_staged<64>(table_, keys, count);
                break;
            case 3:
                look_up_staged<128>(table_, keys, count);
                break;
            case 4:
                for (const Key& key : keys) {
                    count(table_.find(key));
                }
                break;
            default:
                ++now_;
                look_up_staged<64>(table_, keys, [&](Ref ref) {
                    found += bool(ref);
                    if (ref) {
                        // As of a segment that says nothing new, in a state that lasts.
                        see(table_[ref.index()], ref.direction(), now_);
                    }
                });
        }
        return found;
    }
    bool is_right() override {
        for (uint32_t i = 0; i < sessions_; ++i) {
            const auto made = session(i);
            if (table_.find(made.forward) != Ref(places_[i], Direction::forward) ||
                table_.find(made.reverse) != Ref(places_[i], Direction::reverse)) {
                return false;
            }
        }
        return true;
    }
    void renew() override {
        SessionIndex& place = places_[made_ % sessions_];
        table_.end(place, vnet::flow::Ending::removed);
        place = table_.create(session(made_), 0);
        ++made_;
    }
    uint64_t bytes() const override { return table_.memory().touched_bytes; }

    /// What Table::seen writes of such a packet.
    static void see(Session& session, Direction direction, uint32_t now) {
        if (session.last_seen != now) {
            Session::store(session.last_seen, now);
        }
        uint32_t& packets = session.packets[size_t(direction)];
        Session::store(packets, packets + 1);
    }

private:
    const uint32_t sessions_;
    FlowTable holder_{sessions_};
    vnet::flow::Table& table_ = *holder_.table;
    std::vector<SessionIndex> places_;
    uint64_t made_;
    uint32_t now_ = 0;
};

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

/// DPDK's cuckoo hash, for one thread as ours is, with room for a quarter more keys than there are:
/// it fills up to that load without a chain. What it keeps for a key is the same Ref.
class RteHash final : public Contender {
public:
    explicit RteHash(uint32_t sessions)
        : sessions_(sessions),
          made_(sessions),
          before_(dpdk_bytes()),
          bodies_(size_t{sessions} + 1, graph::Pages::large) {
        rte_hash_parameters parameters{};
        parameters.name = "bench";
        parameters.entries = std::max(sessions * 2 + sessions / 2, 64U);
        parameters.key_len = sizeof(Key);
        parameters.hash_func = rte_hash_crc;
        hash_ = rte_hash_create(&parameters);
        if (hash_ == nullptr) {
            throw std::runtime_error(fmt::format("rte_hash: {}", rte_strerror(rte_errno)));
        }
        bytes_ = dpdk_bytes() - before_;
        for (uint32_t number = 0; number < sessions; ++number) {
            add(number, number + 1);
        }
    }
    ~RteHash() override { rte_hash_free(hash_); }
    RteHash(const RteHash&) = delete;
    RteHash& operator=(const RteHash&) = delete;

    std::vector<std::string> ways() const override { return {"bulk-32", "single", "bulk-32-seen"}; }
    size_t look_up(unsigned way, std::span<const Key> keys) override {
        size_t found = 0;
        switch (way) {
            case 0:
                bulk(keys, [&](const uint64_t hits, std::span<void*>) {
                    found += size_t(std::popcount(hits));
                });
                break;
            case 1:
                for (const Key& key : keys) {
                    void* data = nullptr;
                    found += rte_hash_lookup_data(hash_, &key, &data) >= 0;
                }
                break;
            default:
                ++now_;
                bulk(keys, [&](const uint64_t hits, std::span<void*> data) {
                    found += size_t(std::popcount(hits));
                    for (uint64_t left = hits; left != 0; left &= left - 1) {
                        __builtin_prefetch(
                            &bodies_[ref(data[size_t(std::countr_zero(left))]).index()], 1);
                    }
                    for (uint64_t left = hits; left != 0; left &= left - 1) {
                        const Ref one = ref(data[size_t(std::countr_zero(left))]);
                        Ours::see(bodies_[one.index()], one.direction(), now_);
                    }
                });
        }
        return found;
    }
    bool is_right() override {
        for (uint32_t i = 0; i < sessions_; ++i) {
            const auto made = session(i);
            void* data = nullptr;
            if (rte_hash_lookup_data(hash_, &made.forward, &data) < 0 ||
                ref(data) != Ref(i + 1, Direction::forward) ||
                rte_hash_lookup_data(hash_, &made.reverse, &data) < 0 ||
                ref(data) != Ref(i + 1, Direction::reverse)) {
                return false;
            }
        }
        return true;
    }
    /// Beside the two keys it writes the session's own line, which ours does too. It has no timers.
    void renew() override {
        const auto gone = session(made_ - sessions_);
        rte_hash_del_key(hash_, &gone.forward);
        rte_hash_del_key(hash_, &gone.reverse);
        add(made_, uint32_t(made_ % sessions_) + 1);
        ++made_;
    }
    uint64_t bytes() const override { return bytes_ + uint64_t{sessions_} * sizeof(Session); }

private:
    static constexpr size_t most = 32;
    static_assert(most <= RTE_HASH_LOOKUP_BULK_MAX);
    static Ref ref(void* data) { return Ref::from_raw(uint32_t(uintptr_t(data))); }

    void add(uint64_t number, SessionIndex index) {
        const auto made = session(number);
        const auto put = [&](const Key& key, Direction direction) {
            // NOLINTNEXTLINE(performance-no-int-to-ptr): a number is all that is kept.
            auto* data = reinterpret_cast<void*>(uintptr_t{Ref(index, direction).raw()});
            if (rte_hash_add_key_data(hash_, &key, data) != 0) {
                throw std::runtime_error("rte_hash is full");
            }
        };
        put(made.forward, Direction::forward);
        put(made.reverse, Direction::reverse);
        Session body{};
        body.forward = made.forward;
        body.reverse = made.reverse;
        vnet::flow::begin_versioned(bodies_[index], body);
    }
    template <class Take>
    void bulk(std::span<const Key> keys, Take take) {
        const void* wanted[most];
        void* data[most];
        for (size_t begin = 0; begin < keys.size(); begin += most) {
            const auto some = keys.subspan(begin, std::min(most, keys.size() - begin));
            for (size_t i = 0; i < some.size(); ++i) {
                wanted[i] = &some[i];
            }
            uint64_t hits = 0;
            rte_hash_lookup_bulk_data(hash_, wanted, uint32_t(some.size()), &hits, data);
            take(hits, std::span(data));
        }
    }

    const uint32_t sessions_;
    uint64_t made_;
    const uint64_t before_;
    uint64_t bytes_ = 0;
    rte_hash* hash_ = nullptr;
    /// What a feature keeps of each session.
    graph::StableArray<Session> bodies_;
    uint32_t now_ = 0;
};

}  // namespace

std::vector<ContenderKind> kinds() {
    return {{"table", [](uint32_t sessions) { return std::make_unique<Ours>(sessions); }},
            {"rte-hash", [](uint32_t sessions) { return std::make_unique<RteHash>(sessions); }}};
}

}  // namespace perf::flow
