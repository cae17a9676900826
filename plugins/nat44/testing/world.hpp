// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/testing/bench.hpp"
#include "plugins/nat44/exempts.hpp"
#include "plugins/nat44/pool_addresses.hpp"
#include "plugins/nat44/translators.hpp"
#include "vnet/wire/testing/packets.hpp"

namespace nat44::testing {

using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;
using vnet::wire::testing::ip;

inline constexpr uint8_t icmp = 1;
inline constexpr uint8_t tcp = 6;
inline constexpr uint8_t udp = 17;
inline constexpr uint8_t gre = 47;
inline constexpr uint32_t lan = 1;
inline constexpr uint32_t wan = 2;
inline constexpr vnet::flow::OwnerId owner = 1;

inline Key key(uint8_t protocol, const char* from, uint16_t port, const char* to, uint16_t to_port,
               Vrf vrf = 0) {
    return {ip(from), ip(to), vnet::flow::Ports::of(port, to_port), vrf, protocol, 0};
}

/// Translators of an engine that does not run, with pools as control would make them.
struct World {
    explicit World(unsigned workers = 1, uint32_t sessions = 1U << 16)
        : engine(make_engine(workers)), tables(*engine, sessions) {
        translators.set_owner(owner);
        translators.set_role(lan, Role::inside);
        translators.set_role(wan, Role::outside);
        tables.owners().set(owner, &translators);
        publish();
    }
    static std::unique_ptr<graph::Engine> make_engine(unsigned workers) {
        graph::testing::start_eal();
        graph::Engine::Options options;
        options.buffers = 64;
        options.workers = workers;
        return std::move(*graph::Engine::create(options));
    }
    void pool(PoolSettings settings, const char* from, const char* to) {
        settings.name = "p" + std::to_string(pools.size());
        const auto number = uint16_t(pools.size());
        const unsigned workers = tables.workers();
        Pool pool{settings,
                  number,
                  *PortPartition::make(settings.ports, workers, std::max(settings.block_size, 1U)),
                  {}};
        const AddressRange range{ip(from), ip(to)};
        if (settings.deterministic) {
            const std::vector<Ip4Prefix> inside = {settings.inside};
            pool.deterministic = *DeterministicMapping::make(inside, range, settings.ports);
        }
        const std::vector<uint16_t> numbers = *addresses.add({number, settings.name}, range);
        for (const uint16_t address : numbers) {
            for (unsigned of = 0; of < workers; ++of) {
                const PortRange part =
                    settings.deterministic ? settings.ports : pool.partition.part(of);
                auto& state = states.emplace_back(std::make_unique<AddressState>(settings, part));
                translators.of(of).addresses().set(address, state.get());
            }
        }
        pools.emplace_back(std::move(pool));
        publish();
    }
    void add_static(const StaticMapping& mapping) {
        statics.push_back(mapping);
        publish();
    }
    void exempt(const Exempt& exempt) {
        ASSERT_TRUE(exempts.add(exempt, [](uint16_t) { return 0; }).ok());
        publish();
    }
    void publish() {
        Config::Parts parts{pools,   std::make_shared<const AddressIndex>(addresses.index(5)),
                            statics, vrf_paths,
                            own,     tables.workers(),
                            77,      exempts.index()};
        translators.publish(std::make_unique<const Config>(std::move(parts)));
    }
    Translator::Asked ask(const Key& key) { return {translators.config(), key, now, tsc, owner}; }
    unsigned out_worker(const Key& key) { return translators.worker_of(key, lan, 0); }
    unsigned in_worker(const Key& key) { return translators.worker_of(key, wan, 0); }
    /// A packet from inside; the session is in `last` where there is one.
    Verdict out(const Key& key) {
        worker = out_worker(key);
        Ref ref = tables.of(worker).find(key);
        const Verdict verdict =
            ref ? Verdict::made : translators.of(worker).outbound(ask(key), 0, ref);
        last = ref ? tables.of(worker)[ref.index()] : Session{};
        return verdict;
    }
    Verdict in(const Key& key) {
        worker = in_worker(key);
        Ref ref;
        const Verdict verdict = translators.of(worker).inbound(ask(key), ref);
        last = ref ? tables.of(worker)[ref.index()] : Session{};
        return verdict;
    }
    Verdict hairpin(const Key& key) {
        worker = out_worker(key);
        Ref ref;
        const Verdict verdict = translators.of(worker).hairpin(ask(key), 0, ref);
        last = ref ? tables.of(worker)[ref.index()] : Session{};
        return verdict;
    }
    uint16_t outside_port() const { return last.reverse.ports.destination(); }
    void end_all() {
        for (unsigned at = 0; at < tables.workers(); ++at) {
            auto& table = tables.of(at);
            for (uint32_t index = 1; index <= table.highest(); ++index) {
                if (table[index].alive()) {
                    table.end(index, vnet::flow::Ending::removed);
                }
            }
        }
    }
    /// Nothing is kept of anybody.
    void expect_empty() {
        for (unsigned at = 0; at < tables.workers(); ++at) {
            const Translator& translator = translators.of(at);
            for (uint32_t i = 1; i <= translator.hosts().highest(); ++i) {
                EXPECT_FALSE(vnet::flow::copy_versioned(translator.hosts().at(i)));
            }
            for (uint32_t i = 1; i <= translator.mappings().highest(); ++i) {
                EXPECT_FALSE(vnet::flow::copy_versioned(translator.mappings().at(i)));
            }
        }
        for (const auto& state : states) {
            for (const auto& ports : state->ports) {
                EXPECT_EQ(ports == nullptr ? 0 : ports->used(), 0U);
            }
            EXPECT_EQ(state->blocks == nullptr ? 0 : state->blocks->blocks(),
                      state->blocks == nullptr ? 0 : state->blocks->free());
        }
        EXPECT_EQ(tables.sessions(), 0U);
        for (uint16_t number = 0; number < pools.size(); ++number) {
            const PoolUse use = use_of(number);
            EXPECT_EQ(use.hosts + use.sessions + use.blocks, 0U);
            EXPECT_EQ(use.ports, (std::array<uint64_t, port_protocols>{}));
        }
        EXPECT_EQ(use_of(no_pool).sessions, 0U);
    }
    /// What all workers count of a pool.
    PoolUse use_of(uint16_t number) const {
        PoolUse use;
        for (unsigned at = 0; at + 1 < translators.contexts(); ++at) {
            translators.of(at).uses().add_to(use, number);
        }
        return use;
    }
    uint32_t hosts(unsigned at = 0) {
        uint32_t there = 0;
        for (uint32_t i = 1; i <= translators.of(at).hosts().highest(); ++i) {
            there += vnet::flow::copy_versioned(translators.of(at).hosts().at(i)) ? 1 : 0;
        }
        return there;
    }

    std::unique_ptr<graph::Engine> engine;
    vnet::flow::Tables tables;
    vnet::interface::Table interfaces { *engine };
    Log log{engine->control(), tables.workers(), Log::Options()};
    Translators translators{{*engine, tables, interfaces, log}};
    PoolAddresses addresses;
    std::vector<std::optional<Pool>> pools;
    std::vector<StaticMapping> statics;
    Exempts exempts;
    decltype(Config::Parts::vrf_paths) vrf_paths{};
    decltype(Config::Parts::own) own;
    std::vector<std::unique_ptr<AddressState>> states;
    vnet::flow::Tick now = 0;
    uint64_t tsc = uint64_t{1} << 40;
    unsigned worker = 0;
    Session last{};
};

}  // namespace nat44::testing
