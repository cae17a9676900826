// SPDX-License-Identifier: Apache-2.0
#include "plugins/nat44/translator.hpp"

#include <rte_cycles.h>

#include <algorithm>

#include "graph/random_number.hpp"
#include "vnet/flow/quote.hpp"
#include "vnet/flow/tcp.hpp"

namespace nat44 {

using vnet::flow::Direction;
using vnet::flow::Key;
using vnet::flow::Ref;
using vnet::flow::Session;
using vnet::flow::SessionIndex;
using vnet::flow::store_shared;
using vnet::wire::IpProtocol;

namespace {

/// Random ports that are tried before they are tried one after the other, and those then.
constexpr unsigned random_tries = 8;
constexpr uint32_t most_tries = 512;
constexpr unsigned most_addresses_tried = 4;
/// Of all that for a port of twice NAT where ports of this worker lie apart.
constexpr unsigned most_rounds = 16;

bool is_icmp(uint8_t protocol) noexcept {
    return IpProtocol(protocol) == IpProtocol::icmp;
}

/// Ports that may be changed: of SCTP they are covered by a checksum over all of the packet, and of
/// the others the checksum is unknown ground.
bool has_port(uint8_t protocol) noexcept {
    return IpProtocol(protocol) == IpProtocol::tcp || IpProtocol(protocol) == IpProtocol::udp ||
           is_icmp(protocol);
}

/// What an outside address is short of, another one may have.
bool may_fit_elsewhere(Verdict verdict) noexcept {
    return verdict == Verdict::no_port || verdict == Verdict::no_block || verdict == Verdict::clash;
}

constexpr uint32_t second_us = 1'000'000;
/// They wrap.
uint32_t microseconds(uint64_t tsc) noexcept {
    return uint32_t(tsc / (rte_get_tsc_hz() / second_us));
}

/// Of a packet to `port`, the identifier of which stands in both places where it is ICMP's.
vnet::flow::Ports ports_to(uint8_t protocol, uint16_t source, uint16_t port) noexcept {
    return vnet::flow::Ports::of(is_icmp(protocol) ? port : source, port);
}
vnet::flow::Ports ports_from(uint8_t protocol, uint16_t port, uint16_t destination) noexcept {
    return vnet::flow::Ports::of(port, is_icmp(protocol) ? port : destination);
}

}  // namespace

/// Whom a host speaks with, as he sees himself: answers come from there.
struct Translator::Far {
    Ip4Address address;
    uint16_t port = 0;
    Vrf vrf = vnet::interface::default_vrf;
    /// Of the session.
    uint8_t flags = 0;

    /// The key of answers to a host at an outside address and port.
    Key reverse(uint8_t protocol, Ip4Address outside, uint16_t outside_port) const noexcept {
        return {address, outside, ports_to(protocol, port, outside_port), vrf, protocol, 0};
    }
};

/// What is outside for a packet from inside.
struct Translator::Choice {
    uint16_t port = 0;
    /// An endpoint-independent mapping that it is by; 0: none.
    uint32_t mapping = 0;
};

Translator::Translator(const Parts& parts)
    : tables_(parts.tables),
      log_(parts.log),
      worker_(parts.worker),
      hosts_(parts.hosts, graph::random_number()),
      mappings_(parts.mappings, graph::random_number()),
      contacts_(parts.mappings, graph::random_number()),
      exhausted_(graph::random_number()) {}

PortRange Translator::part(const Pool& pool) const noexcept {
    // A dry run has no part of its own.
    return pool.deterministic ? pool.settings.ports
                              : pool.partition.part(tables_.is_dry(worker_) ? 0 : worker_);
}

bool Translator::is_free(const Config& config, const Pool& pool,
                         const Key& reverse) const noexcept {
    return !table().find(reverse) &&
           config.to_outside(pool.settings.outside_vrf, reverse.destination,
                             reverse.ports.destination(), reverse.protocol) == nullptr;
}

Verdict Translator::make(const Asked& asked, const Key& reverse, uint8_t flags, uint32_t host,
                         Ref& ref) noexcept {
    const SessionIndex index = table().create(
        {asked.key, reverse, vnet::flow::first_timer(asked.key.protocol), asked.owner, flags, host},
        asked.now);
    if (index == 0) {
        return Verdict::table_full;
    }
    ref = Ref(index, Direction::forward);
    if ((flags & session_flag::hairpin) != 0) {
        uses_.count_hairpin(asked.key.destination, reverse.destination, 1);
    }
    if (host == 0) {
        uses_.count_fixed(1);
        uses_.count_created(no_pool);
    }
    if (log_.enabled()) [[unlikely]] {
        tell(table()[index], LogKind::session_created, asked.tsc);
    }
    return Verdict::made;
}

Verdict Translator::outbound(const Asked& asked, Vrf outside_vrf, Ref& ref) noexcept {
    const Key& key = asked.key;
    const Far far{key.destination, key.ports.destination(), outside_vrf, 0};
    if (const StaticMapping* own = asked.config.mapping_of(key.vrf, key.source, key.ports.source(),
                                                           key.protocol, outside_vrf)) {
        return by_mapping(asked, *own, far, ref);
    }
    const Pool* pool = asked.config.pool_for(key.vrf, key.source, outside_vrf);
    return pool == nullptr ? Verdict::not_ours : by_pool(asked, *pool, far, ref);
}

Ip4Address Translator::outside_of(const Asked& asked, Vrf outside_vrf) const noexcept {
    const Key& key = asked.key;
    const Pool* pool = asked.config.pool_for(key.vrf, key.source, outside_vrf);
    if (pool == nullptr) {
        return {};
    }
    if (const uint32_t there = hosts_.find(pool->number, key.vrf, key.source)) {
        return hosts_.at(there).outside;
    }
    const auto chosen = asked.config.address_for(*pool, key.vrf, key.source, 0);
    return chosen ? chosen->address : Ip4Address();
}

Verdict Translator::hairpin(const Asked& asked, Vrf outside_vrf, Ref& ref) noexcept {
    const Key& key = asked.key;
    Key outside = key;
    outside.vrf = outside_vrf;
    Far far{{}, 0, key.vrf, session_flag::hairpin | session_flag::twice};
    if (const StaticMapping* mapping = asked.config.to_outside(
            outside_vrf, key.destination, key.ports.destination(), key.protocol)) {
        const End to = asked.config.target(*mapping, outside);
        far.address = to.address;
        far.port = to.port;
        far.vrf = mapping->inside_vrf;
    } else if (const uint32_t at = mappings_.find(Mapping::outside_key(outside))) {
        const Mapping& found = mappings_[at];
        if (!lets_in_from_inside(asked, at, outside_vrf)) {
            note_attempt(asked, outside_vrf);
            return Verdict::filtered;
        }
        far.address = found.inside.source;
        far.port = found.inside.ports.source();
        far.vrf = found.inside.vrf;
    } else {
        return Verdict::no_session;
    }
    if (const StaticMapping* own = asked.config.mapping_of(key.vrf, key.source, key.ports.source(),
                                                           key.protocol, outside_vrf)) {
        return by_mapping(asked, *own, far, ref);
    }
    const Pool* pool = asked.config.pool_for(key.vrf, key.source, outside_vrf);
    if (pool == nullptr) {
        return Verdict::not_ours;
    }
    const Ref attempt = table().find(key);
    if (!attempt || !is_attempt(table()[attempt.index()])) {
        return by_pool(asked, *pool, far, ref);
    }
    // It stood in the place of the session that is made now, which has the same outside end.
    const Session session = table()[attempt.index()];
    Host& host = hosts_[session.user];
    const uint32_t mapping = mappings_.find(Mapping::inside_key(key, host.pool));
    count(host, session.reverse, session.flags, mapping, 1);
    table().end(attempt.index(), vnet::flow::Ending::removed);
    const Verdict verdict = by_pool(asked, *pool, far, ref);
    count(host, session.reverse, session.flags, mapping, -1);
    leave_mapping(mapping, Leaving::used);
    leave_host(session.user, Leaving::used);
    return verdict;
}

bool Translator::lets_in_from_inside(const Asked& asked, uint32_t mapping,
                                     Vrf outside_vrf) const noexcept {
    const Key& key = asked.key;
    const Mapping& to = mappings_.at(mapping);
    const Pool* pool = asked.config.pool(hosts_.at(to.host).pool);
    if (lets_in(pool, mapping, outside_of(asked, outside_vrf))) {
        return true;
    }
    const Pool* own_pool = asked.config.pool_for(key.vrf, key.source, outside_vrf);
    const uint32_t own =
        own_pool == nullptr ? 0 : mappings_.find(Mapping::inside_key(key, own_pool->number));
    if (own == 0) {
        return false;
    }
    // As it would come in where the two were behind translators of their own.
    const Key& outside = mappings_.at(own).outside;
    return bool(table().find(
        {outside.destination, to.outside.destination,
         ports_to(key.protocol, outside.ports.destination(), to.outside.ports.destination()),
         outside_vrf, key.protocol, 0}));
}

void Translator::note_attempt(const Asked& asked, Vrf outside_vrf) noexcept {
    const Key& key = asked.key;
    const Pool* pool = asked.config.pool_for(key.vrf, key.source, outside_vrf);
    if (pool != nullptr && pool->settings.mapping == MappingKind::endpoint_independent &&
        !table().find(key)) {
        Ref attempt;
        (void)by_pool(
            asked, *pool,
            {key.destination, key.ports.destination(), outside_vrf, session_flag::hairpin},
            attempt);
    }
}

Verdict Translator::by_mapping(const Asked& asked, const StaticMapping& mapping, const Far& far,
                               Ref& ref) noexcept {
    const Key& key = asked.key;
    const uint16_t port = mapping.is_one_to_one() ? key.ports.source() : mapping.port;
    const Key reverse = far.reverse(key.protocol, mapping.outside, port);
    if (table().find(reverse)) {
        return Verdict::no_port;
    }
    return make(asked, reverse, uint8_t(far.flags | session_flag::fixed), 0, ref);
}

Verdict Translator::host_for(const Asked& asked, const Pool& pool, unsigned attempt,
                             uint32_t& at) noexcept {
    const Key& key = asked.key;
    if (const uint32_t there = hosts_.find(pool.number, key.vrf, key.source)) {
        // Its address may be gone, and its sessions under way to their end.
        const OutsideAddress* still = asked.config.addresses().find(hosts_[there].outside);
        at = there;
        return still != nullptr && still->pool == pool.number ? Verdict::made : Verdict::no_address;
    }
    const auto chosen = asked.config.address_for(pool, key.vrf, key.source, attempt);
    if (!chosen) {
        return Verdict::no_address;
    }
    Host host{};
    host.address = key.source;
    host.vrf = key.vrf;
    host.pool = pool.number;
    host.outside = chosen->address;
    host.number = chosen->number;
    host.next_us = microseconds(asked.tsc);
    at = hosts_.add(host);
    if (at == 0) {
        return Verdict::hosts_full;
    }
    uses_.count_host(host.pool, host.number, 1);
    return Verdict::made;
}

Verdict Translator::by_pool(const Asked& asked, const Pool& pool, const Far& far,
                            Ref& ref) noexcept {
    Verdict verdict = Verdict::no_port;
    Ip4Address outside;
    // A host without sessions may have another address where its own has no port left. What has no
    // ports meets its worker by the first one.
    const unsigned tries = has_port(asked.key.protocol) ? most_addresses_tried : 1;
    for (unsigned attempt = 0; attempt < tries && may_fit_elsewhere(verdict); ++attempt) {
        uint32_t at = 0;
        verdict = host_for(asked, pool, attempt, at);
        if (verdict != Verdict::made) {
            break;
        }
        Host& host = hosts_[at];
        outside = host.outside;
        const bool fresh = host.sessions == 0;
        verdict = for_host(asked, pool, far, at, ref);
        if (verdict == Verdict::made) {
            return verdict;
        }
        store_shared(host.refused, host.refused + 1);
        leave_host(at, Leaving::unused);
        if (!fresh) {
            break;
        }
    }
    tell_refused(asked, pool, verdict, {asked.key.source, asked.key.ports.source()}, outside);
    return verdict;
}

Verdict Translator::for_host(const Asked& asked, const Pool& pool, const Far& far, uint32_t at,
                             Ref& ref) noexcept {
    const Key& key = asked.key;
    Host& host = hosts_[at];
    const uint32_t limit = pool.settings.sessions_per_host;
    if (limit != 0 && host.sessions - host.from_outside >= limit) {
        return Verdict::host_limit;
    }
    if (!has_time(pool, host, asked.tsc)) {
        return Verdict::host_rate;
    }
    Choice choice;
    Verdict verdict = choose_port(asked, pool, far, at, choice);
    if (verdict != Verdict::made) {
        return verdict;
    }
    const auto flags = uint8_t(far.flags | (choice.mapping != 0 ? session_flag::mapped : 0));
    const Key reverse = far.reverse(key.protocol, host.outside, choice.port);
    const Ref there = choice.mapping == 0 ? Ref() : table().find(reverse);
    if (there && is_attempt(table()[there.index()]) && table()[there.index()].user != at) {
        // The other one has spoken first: from now on that is of this session.
        table().end(there.index(), vnet::flow::Ending::removed);
    } else if (there) {
        // To one and the same host inside by two outside ends: his answers could not be told apart.
        leave_mapping(choice.mapping, Leaving::unused);
        return Verdict::clash;
    }
    return make_counted(asked, reverse, flags, at, choice.mapping, ref);
}

Verdict Translator::make_counted(const Asked& asked, const Key& reverse, uint8_t flags, uint32_t at,
                                 uint32_t mapping, Ref& ref) noexcept {
    Host& host = hosts_[at];
    const Key& outside = (flags & session_flag::from_outside) != 0 ? asked.key : reverse;
    count(host, outside, flags, mapping, 1);
    const bool by_contact = mapping != 0 && mappings_[mapping].has_contacts;
    const Ip4Address contact =
        (flags & session_flag::from_outside) != 0 ? reverse.destination : asked.key.destination;
    const bool noted = !by_contact || contacts_.add(mapping, contact);
    const Verdict verdict = noted ? make(asked, reverse, flags, at, ref) : Verdict::table_full;
    if (verdict != Verdict::made) {
        if (by_contact && noted) {
            contacts_.remove(mapping, contact);
        }
        count(host, outside, flags, mapping, -1);
        if (mapping != 0) {
            leave_mapping(mapping, Leaving::unused);
        }
        return verdict;
    }
    uses_.count_created(host.pool);
    return verdict;
}

void Translator::count(Host& host, const Key& outside, uint8_t flags, uint32_t mapping,
                       int change) noexcept {
    const bool from_outside = (flags & session_flag::from_outside) != 0;
    store_shared(host.sessions, host.sessions + uint32_t(change));
    uses_.count_session(host.pool, host.number, change);
    if (has_port(outside.protocol)) {
        count_block(host, outside.ports.destination(), change);
    }
    if (mapping != 0) {
        Mapping& counted = mappings_[mapping];
        if (from_outside) {
            store_shared(host.from_outside, host.from_outside + uint32_t(change));
            store_shared(counted.from_outside, counted.from_outside + uint32_t(change));
        }
        store_shared(counted.sessions, counted.sessions + uint32_t(change));
    }
}

template <class IsFree>
std::optional<uint16_t> Translator::random_port(PortRange among, uint16_t like,
                                                const IsFree& is_free) noexcept {
    const uint32_t size = among.size();
    const auto at = [&](uint32_t place) { return uint16_t(among.first + place); };
    for (unsigned i = 0; i < random_tries; ++i) {
        const uint16_t drawn = at(uint32_t(uint64_t{random_()} * size >> 32));
        // Even stays even where it can (RFC 4787 REQ-4).
        const auto port = uint16_t((drawn & ~1U) | (like & 1U));
        if (among.contains(port) && is_free(port)) {
            return port;
        }
    }
    const auto first = uint32_t(uint64_t{random_()} * size >> 32);
    for (uint32_t i = 0; i < std::min(size, most_tries); ++i) {
        const uint16_t port = at((first + i) % size);
        if (is_free(port)) {
            return port;
        }
    }
    return std::nullopt;
}

std::optional<uint16_t> Translator::port_among(const Asked& asked, const Pool& pool, const Far& far,
                                               const Host& host, PortRange among) noexcept {
    const Key& key = asked.key;
    if (pool.settings.mapping == MappingKind::endpoint_independent) {
        AddressState* state = addresses_.of(host.number);
        PortBitmap* ports = state == nullptr ? nullptr : state->ports_of(key.protocol);
        if (ports != nullptr) {
            state->expire(asked.now);
            // Those of static mappings are not to be had; there are few.
            uint16_t others[random_tries];
            unsigned fixed = 0;
            std::optional<uint16_t> port;
            while ((port = ports->claim_in(among, random_(), parity_of(key.ports.source()))) &&
                   asked.config.to_outside(pool.settings.outside_vrf, host.outside, *port,
                                           key.protocol) != nullptr) {
                others[fixed++] = *port;
                port.reset();
                if (fixed == random_tries) {
                    break;
                }
            }
            while (fixed != 0) {
                ports->release(others[--fixed]);
            }
            return port;
        }
    }
    const Key tried = far.reverse(key.protocol, host.outside, among.first);
    if (exhausted_.has(tried, asked.now)) {
        return std::nullopt;
    }
    const auto port = random_port(among, key.ports.source(), [&](uint16_t candidate) {
        return is_free(asked.config, pool, far.reverse(key.protocol, host.outside, candidate));
    });
    if (!port) {
        exhausted_.note(tried, asked.now);
    }
    return port;
}

Verdict Translator::choose_port(const Asked& asked, const Pool& pool, const Far& far, uint32_t at,
                                Choice& choice) noexcept {
    const Key& key = asked.key;
    Host& host = hosts_[at];
    const bool independent = pool.settings.mapping == MappingKind::endpoint_independent;
    if (!has_port(key.protocol)) {
        // By address alone: one host behind each outside address speaks with somebody.
        choice.port = key.ports.source();
        return is_free(asked.config, pool, far.reverse(key.protocol, host.outside, choice.port))
                   ? Verdict::made
                   : Verdict::clash;
    }
    const Key inside = Mapping::inside_key(key, pool.number);
    if (independent) {
        choice.mapping = mappings_.find(inside);
        if (choice.mapping != 0) {
            choice.port = mappings_[choice.mapping].outside.ports.destination();
            return mappings_[choice.mapping].host == at ? Verdict::made : Verdict::no_port;
        }
    }
    std::optional<uint16_t> port;
    Verdict lack = Verdict::no_port;
    if (pool.deterministic) {
        const auto block = pool.deterministic->of(host.address);
        port = block ? port_among(asked, pool, far, host, block->ports) : std::nullopt;
        lack = Verdict::host_ports;
    } else if (pool.settings.block_size == 0) {
        port = port_among(asked, pool, far, host, part(pool));
    } else {
        lack = port_in_blocks(asked, pool, far, at, port);
    }
    if (!port) {
        return lack;
    }
    choice.port = *port;
    if (independent) {
        Mapping mapping{};
        mapping.inside = inside;
        mapping.outside = {{},
                           host.outside,
                           vnet::flow::Ports::of(0, *port),
                           pool.settings.outside_vrf,
                           key.protocol,
                           0};
        mapping.host = at;
        mapping.number = host.number;
        mapping.has_contacts = pool.settings.filtering == Filtering::address_dependent;
        choice.mapping = mappings_.add(mapping);
        if (choice.mapping == 0) {
            release_port(mapping, Leaving::unused);
            return Verdict::mappings_full;
        }
        uses_.count_mapping(pool.number, key.protocol, 1);
        if (log_.enabled()) {
            tell_mapping(mapping, LogKind::mapping_created, asked.tsc);
        }
    }
    return Verdict::made;
}

/// Says what was short where there is no port.
Verdict Translator::port_in_blocks(const Asked& asked, const Pool& pool, const Far& far,
                                   uint32_t at, std::optional<uint16_t>& port) noexcept {
    Host& host = hosts_[at];
    const auto ports_of = [&](uint16_t first) {
        return PortRange{first, uint16_t(first + pool.settings.block_size - 1)};
    };
    for (unsigned i = 0; i < host.blocks; ++i) {
        port = port_among(asked, pool, far, host, ports_of(host.block[i]));
        if (port) {
            return Verdict::made;
        }
    }
    if (host.blocks >= pool.settings.blocks_per_host) {
        return Verdict::host_ports;
    }
    AddressState* state = addresses_.of(host.number);
    if (state == nullptr || state->blocks == nullptr) {
        // In a dry run: any port of those that it might get.
        port = port_among(asked, pool, far, host, part(pool));
        return port ? Verdict::made : Verdict::no_port;
    }
    const auto block = claim_block(host, at, *state, asked.now);
    if (!block) {
        return Verdict::no_block;
    }
    store_shared(host.block[host.blocks], block->first);
    store_shared(host.block_sessions[host.blocks], 0U);
    store_shared(host.blocks, uint8_t(host.blocks + 1));
    uses_.count_block(host.pool, 1);
    if (log_.enabled()) {
        tell_block(host, *block, LogKind::block_allocated, asked.tsc);
    }
    port = port_among(asked, pool, far, host, *block);
    return port ? Verdict::made : Verdict::host_ports;
}

/// A block that the host had until lately is its own again; else a free one.
std::optional<PortRange> Translator::claim_block(const Host& host, uint32_t at, AddressState& state,
                                                 vnet::flow::Tick now) noexcept {
    PortBlocks& blocks = *state.blocks;
    state.expire(now);
    if (state.held_blocks != nullptr) {
        const auto own = state.held_blocks->take([&](const AddressState::HeldBlock& held) {
            return held.host == host.address && held.vrf == host.vrf;
        });
        if (own) {
            blocks.pass(own->first, at);
            return PortRange{own->first, uint16_t(own->first + blocks.size() - 1)};
        }
    }
    return blocks.claim(at, random_());
}

void Translator::release_block(const Host& host, AddressState& state, uint16_t first,
                               Leaving leaving) noexcept {
    if (log_.enabled()) {
        tell_block(host, {first, uint16_t(first + state.blocks->size() - 1)},
                   LogKind::block_released, rte_rdtsc());
    }
    if (leaving == Leaving::unused || state.held_blocks == nullptr) {
        state.blocks->release(first);
        return;
    }
    state.blocks->pass(first, PortBlocks::nobody);
    state.held_blocks->hold(
        {first, host.vrf, host.address}, tables_.tick(rte_rdtsc()),
        [&](const AddressState::HeldBlock& oldest) { state.blocks->release(oldest.first); });
}

void Translator::release_port(const Mapping& mapping, Leaving leaving) noexcept {
    AddressState* state = addresses_.of(mapping.number);
    const uint8_t protocol = mapping.outside.protocol;
    PortBitmap* ports = state == nullptr ? nullptr : state->ports_of(protocol);
    if (ports == nullptr) {
        return;
    }
    const uint16_t port = mapping.outside.ports.destination();
    if (leaving == Leaving::unused || IpProtocol(protocol) != IpProtocol::udp ||
        state->held_ports == nullptr) {
        ports->release(port);
        return;
    }
    state->held_ports->hold(port, tables_.tick(rte_rdtsc()),
                            [ports](uint16_t oldest) { ports->release(oldest); });
}

void Translator::leave_mapping(uint32_t at, Leaving leaving) noexcept {
    const Mapping& mapping = mappings_[at];
    if (mapping.sessions != 0) {
        return;
    }
    if (log_.enabled()) {
        tell_mapping(mapping, LogKind::mapping_deleted, rte_rdtsc());
    }
    uses_.count_mapping(hosts_[mapping.host].pool, mapping.outside.protocol, -1);
    release_port(mapping, leaving);
    mappings_.remove(at);
}

void Translator::leave_host(uint32_t at, Leaving leaving) noexcept {
    Host& host = hosts_[at];
    AddressState* state = addresses_.of(host.number);
    for (unsigned i = host.blocks; i-- > 0;) {
        if (host.block_sessions[i] != 0) {
            continue;
        }
        if (state != nullptr && state->blocks != nullptr) {
            release_block(host, *state, host.block[i], leaving);
        }
        uses_.count_block(host.pool, -1);
        const auto last = uint8_t(host.blocks - 1);
        store_shared(host.block[i], host.block[last]);
        store_shared(host.block_sessions[i], host.block_sessions[last]);
        store_shared(host.blocks, last);
    }
    if (host.sessions == 0) {
        uses_.count_host(host.pool, host.number, -1);
        hosts_.remove(at);
    }
}

bool Translator::has_time(const Pool& pool, Host& host, uint64_t tsc) noexcept {
    const uint32_t rate = pool.settings.new_sessions_per_second;
    if (rate == 0) {
        return true;
    }
    const uint32_t each = second_us / rate;
    const uint32_t burst = each * (rate - 1);
    const uint32_t now = microseconds(tsc);
    // How far it is ahead of its time. Never more than what it has taken: beyond, time has wrapped.
    auto ahead = int32_t(host.next_us - now);
    if (ahead < 0 || uint32_t(ahead) > burst + each) {
        ahead = 0;
    }
    if (uint32_t(ahead) > burst) {
        return false;
    }
    store_shared(host.next_us, now + uint32_t(ahead) + each);
    return true;
}

bool Translator::lets_in(const Pool* pool, uint32_t mapping, Ip4Address address) const noexcept {
    if (pool == nullptr) {
        return false;
    }
    switch (pool->settings.filtering) {
        case Filtering::endpoint_independent:
            return true;
        case Filtering::address_dependent:
            return contacts_.has(mapping, address);
        case Filtering::address_and_port_dependent:
            break;
    }
    return false;
}

Verdict Translator::inbound(const Asked& asked, Ref& ref) noexcept {
    const Key& key = asked.key;
    if (const StaticMapping* mapping = asked.config.to_outside(
            key.vrf, key.destination, key.ports.destination(), key.protocol)) {
        return from_static(asked, *mapping, ref);
    }
    // An identifier of ICMP is the asker's, and no port to ask at.
    const uint32_t at = is_icmp(key.protocol) ? 0 : mappings_.find(Mapping::outside_key(key));
    if (at == 0) {
        return Verdict::no_session;
    }
    Mapping& mapping = mappings_[at];
    Host& host = hosts_[mapping.host];
    const Pool* pool = asked.config.pool(host.pool);
    if (!lets_in(pool, at, key.source)) {
        return Verdict::filtered;
    }
    // As many as the host may have itself may come to each of its ports: nobody outside uses up
    // what is the host's.
    const uint32_t limit = pool->settings.sessions_per_host;
    if (limit != 0 && mapping.from_outside >= limit) {
        store_shared(host.refused, host.refused + 1);
        tell_refused(asked, *pool, Verdict::host_limit,
                     {mapping.inside.source, mapping.inside.ports.source()}, host.outside);
        return Verdict::host_limit;
    }
    const End inside{mapping.inside.source, mapping.inside.ports.source()};
    const Key reverse{
        inside.address,     key.source,   ports_from(key.protocol, inside.port, key.ports.source()),
        mapping.inside.vrf, key.protocol, 0};
    if (table().find(reverse)) {
        return Verdict::filtered;
    }
    const Verdict verdict = make_counted(
        asked, reverse, session_flag::from_outside | session_flag::mapped, mapping.host, at, ref);
    if (verdict != Verdict::made) {
        store_shared(host.refused, host.refused + 1);
        tell_refused(asked, *pool, verdict, inside, host.outside);
    }
    return verdict;
}

std::optional<uint16_t> Translator::port_for_twice(const Asked& asked, const StaticMapping& mapping,
                                                   const Key& reverse) noexcept {
    const uint16_t to = reverse.ports.source();
    Key tried = reverse;
    tried.ports = vnet::flow::Ports::of(to, uint16_t(0));
    if (exhausted_.has(tried, asked.now)) {
        return std::nullopt;
    }
    const auto is_free = [&](uint16_t candidate) {
        tried.ports = vnet::flow::Ports::of(to, candidate);
        const bool comes_back =
            tables_.is_dry(worker_) || asked.config.worker_of_inside(tried) == worker_;
        return comes_back && !table().find(tried);
    };
    const OutsideAddress* address = asked.config.addresses().find(mapping.outside);
    const Pool* pool = address == nullptr ? nullptr : asked.config.pool(address->pool);
    // With several workers those that meet this one lie together, but for a deterministic pool's.
    const bool apart = pool != nullptr && pool->deterministic;
    const PortRange among =
        pool == nullptr || apart || asked.config.workers() == 1 ? unprivileged_ports : part(*pool);
    std::optional<uint16_t> port;
    for (unsigned i = 0; i < (apart ? most_rounds : 1) && !port; ++i) {
        port = random_port(among, asked.key.ports.source(), is_free);
    }
    if (!port) {
        tried.ports = vnet::flow::Ports::of(to, uint16_t(0));
        exhausted_.note(tried, asked.now);
    }
    return port;
}

Verdict Translator::from_static(const Asked& asked, const StaticMapping& mapping,
                                Ref& ref) noexcept {
    const Key& key = asked.key;
    const End to = asked.config.target(mapping, key);
    Key reverse{
        to.address,         key.source,   ports_from(key.protocol, to.port, key.ports.source()),
        mapping.inside_vrf, key.protocol, 0};
    uint8_t flags = session_flag::from_outside | session_flag::fixed;
    if (mapping.twice) {
        // The target answers to the outside address, at a port of its own for each session.
        reverse.destination = mapping.outside;
        const auto port = port_for_twice(asked, mapping, reverse);
        if (!port) {
            return Verdict::no_port;
        }
        reverse.ports = vnet::flow::Ports::of(to.port, *port);
        flags |= session_flag::twice;
    } else if (table().find(reverse)) {
        return Verdict::no_port;
    }
    return make(asked, reverse, flags, 0, ref);
}

void Translator::count_block(Host& host, uint16_t port, int change) noexcept {
    const AddressState* state = addresses_.of(host.number);
    if (state == nullptr || state->blocks == nullptr) {
        return;
    }
    for (unsigned i = 0; i < host.blocks; ++i) {
        if (uint16_t(port - host.block[i]) < state->blocks->size()) {
            store_shared(host.block_sessions[i], host.block_sessions[i] + uint32_t(change));
        }
    }
}

void Translator::ended(const Session& session) noexcept {
    if (log_.enabled()) [[unlikely]] {
        tell(session, LogKind::session_deleted, rte_rdtsc());
    }
    if ((session.flags & session_flag::hairpin) != 0) {
        uses_.count_hairpin(session.forward.destination, session.reverse.destination, -1);
    }
    if ((session.flags & session_flag::fixed) != 0 || session.user == 0) {
        uses_.count_fixed(-1);
        return;
    }
    // By the key inside: the other one of a session between two inside is of the VRF inside too.
    Host& host = hosts_[session.user];
    const uint32_t mapping =
        (session.flags & session_flag::mapped) != 0
            ? mappings_.find(Mapping::inside_key(inside_key(session), host.pool))
            : 0;
    count(host, outside_key(session), session.flags, mapping, -1);
    if (mapping != 0) {
        if (mappings_[mapping].has_contacts) {
            contacts_.remove(mapping, inside_key(session).destination);
        }
        leave_mapping(mapping, Leaving::used);
    }
    leave_host(session.user, Leaving::used);
}

namespace {

/// What a session is to those who ask later who had an address.
LogRecord record_of(const Session& session) noexcept {
    const Key& inside = inside_key(session);
    const Key& outside = outside_key(session);
    LogRecord record;
    record.protocol = inside.protocol;
    record.inside = inside.source;
    record.inside_port = inside.ports.source();
    record.remote_inside = inside.destination;
    record.remote_inside_port = inside.ports.destination();
    record.outside = outside.destination;
    record.outside_port = outside.ports.destination();
    record.remote = outside.source;
    record.remote_port = outside.ports.source();
    record.inside_vrf = inside.vrf;
    record.outside_vrf = outside.vrf;
    return record;
}

Refusal refusal_of(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::no_address:
            return Refusal::no_address;
        case Verdict::no_port:
            return Refusal::no_port;
        case Verdict::no_block:
            return Refusal::no_block;
        case Verdict::host_ports:
            return Refusal::host_ports;
        case Verdict::clash:
            return Refusal::clash;
        case Verdict::host_limit:
            return Refusal::host_limit;
        case Verdict::host_rate:
            return Refusal::host_rate;
        case Verdict::hosts_full:
            return Refusal::hosts_full;
        case Verdict::mappings_full:
            return Refusal::mappings_full;
        default:
            return Refusal::table_full;
    }
}

LogKind kind_of(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::no_address:
            return LogKind::addresses_exhausted;
        case Verdict::no_port:
        case Verdict::no_block:
        case Verdict::clash:
            return LogKind::ports_exhausted;
        case Verdict::host_ports:
        case Verdict::host_limit:
            return LogKind::user_exceeded;
        case Verdict::host_rate:
            return LogKind::user_rate_exceeded;
        case Verdict::mappings_full:
            return LogKind::mappings_exceeded;
        default:
            return LogKind::sessions_exceeded;
    }
}

/// How many ports a host of a pool may have that has its own.
uint32_t ports_of_a_host(const Pool& pool) noexcept {
    return pool.deterministic ? pool.deterministic->ports_per_host()
                              : pool.settings.block_size * pool.settings.blocks_per_host;
}

}  // namespace

void Translator::tell(const Session& session, LogKind kind, uint64_t tsc) noexcept {
    LogRecord record = record_of(session);
    record.kind = kind;
    (void)log_.push(worker_, record, tsc);
}

void Translator::tell_refused(const Asked& asked, const Pool& pool, Verdict verdict,
                              const End& inside, Ip4Address outside) noexcept {
    uses_.count_refused(pool.number, refusal_of(verdict));
    if (!log_.enabled()) {
        return;
    }
    LogRecord record;
    record.kind = kind_of(verdict);
    record.protocol = asked.key.protocol;
    record.inside = inside.address;
    record.inside_port = inside.port;
    record.outside = outside;
    record.inside_vrf = pool.settings.inside_vrf;
    record.outside_vrf = pool.settings.outside_vrf;
    record.pool = pool.number;
    record.limit = verdict == Verdict::host_limit      ? pool.settings.sessions_per_host
                   : verdict == Verdict::host_ports    ? ports_of_a_host(pool)
                   : verdict == Verdict::host_rate     ? pool.settings.new_sessions_per_second
                   : verdict == Verdict::table_full    ? table().capacity()
                   : verdict == Verdict::hosts_full    ? hosts_.most()
                   : verdict == Verdict::mappings_full ? mappings_.most()
                                                       : 0;
    (void)log_.push(worker_, record, asked.tsc);
}

void Translator::tell_mapping(const Mapping& mapping, LogKind kind, uint64_t tsc) noexcept {
    LogRecord record;
    record.kind = kind;
    record.protocol = mapping.inside.protocol;
    record.inside = mapping.inside.source;
    record.inside_port = mapping.inside.ports.source();
    record.outside = mapping.outside.destination;
    record.outside_port = mapping.outside.ports.destination();
    record.inside_vrf = mapping.inside.vrf;
    record.outside_vrf = mapping.outside.vrf;
    (void)log_.push(worker_, record, tsc);
}

void Translator::tell_block(const Host& host, PortRange block, LogKind kind,
                            uint64_t tsc) noexcept {
    LogRecord record;
    record.kind = kind;
    record.inside = host.address;
    record.inside_vrf = host.vrf;
    record.outside = host.outside;
    record.block_first = block.first;
    record.block_last = block.last;
    record.pool = host.pool;
    (void)log_.push(worker_, record, tsc);
}

}  // namespace nat44
