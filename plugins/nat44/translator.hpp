// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plugins/nat44/address_range.hpp"
#include "plugins/nat44/address_state.hpp"
#include "plugins/nat44/config.hpp"
#include "plugins/nat44/contacts.hpp"
#include "plugins/nat44/exhausted.hpp"
#include "plugins/nat44/host.hpp"
#include "plugins/nat44/log.hpp"
#include "plugins/nat44/mapping.hpp"
#include "plugins/nat44/random.hpp"
#include "plugins/nat44/uses.hpp"
#include "vnet/flow/tables.hpp"

namespace nat44 {

/// Bits of flow::Session::flags.
namespace session_flag {
/// Somebody outside spoke first: what is forward comes from outside.
inline constexpr uint8_t from_outside = 1 << 0;
/// It counts for an endpoint-independent mapping.
inline constexpr uint8_t mapped = 1 << 1;
/// It is by a static mapping, and of no pool.
inline constexpr uint8_t fixed = 1 << 2;
/// Both ends are translated.
inline constexpr uint8_t twice = 1 << 3;
/// Both ends are inside.
inline constexpr uint8_t hairpin = 1 << 4;
}  // namespace session_flag

/// A session's key as packets of the host inside come in.
inline const vnet::flow::Key& inside_key(const vnet::flow::Session& session) noexcept {
    return (session.flags & session_flag::from_outside) != 0 ? session.reverse : session.forward;
}
/// The same of packets to its outside address and port.
inline const vnet::flow::Key& outside_key(const vnet::flow::Session& session) noexcept {
    return (session.flags & session_flag::from_outside) != 0 ? session.forward : session.reverse;
}

/// It stands for what a host sent to another one inside, who filters it: the other one may answer.
inline bool is_attempt(const vnet::flow::Session& session) noexcept {
    return (session.flags & (session_flag::hairpin | session_flag::twice)) == session_flag::hairpin;
}
/// Packets with one of these keys go to a static mapping's outside address, those with the other
/// come from its target.
inline bool leads(const StaticMapping& mapping, const Target& target,
                  const vnet::flow::Key& to_outside, const vnet::flow::Key& from_target) noexcept {
    return to_outside.destination == mapping.outside && from_target.source == target.address &&
           from_target.vrf == mapping.inside_vrf &&
           (mapping.is_one_to_one() || (to_outside.protocol == mapping.protocol &&
                                        to_outside.ports.destination() == mapping.port &&
                                        from_target.ports.source() == target.port));
}

/// What became of a packet that has no session.
enum class Verdict : uint8_t {
    /// It has one now.
    made,
    /// It is not to be translated.
    not_ours,
    /// From outside, to nobody who is known.
    no_session,
    /// From outside, to a port that listens to those it spoke to only.
    filtered,
    no_address,
    no_port,
    /// The outside address has no block of ports left for the host.
    no_block,
    /// The host has all the ports that it may have, and they are in use.
    host_ports,
    /// Its answers could not be told from another session's, and no port could tell them apart.
    clash,
    host_limit,
    table_full,
    /// It begins more sessions a second than it may.
    host_rate,
    /// There is no room for a host, or for an endpoint-independent mapping.
    hosts_full,
    mappings_full,
};

/// Makes one worker's sessions and keeps what they take of pools. Used by that worker alone, but
/// for hosts(), mappings() and uses(), which anybody may read.
class Translator {
public:
    struct Parts {
        vnet::flow::Tables& tables;
        Log& log;
        unsigned worker;
        /// Inside hosts, and endpoint-independent mappings, that there may be.
        uint32_t hosts;
        uint32_t mappings;
    };
    explicit Translator(const Parts& parts);
    Translator(const Translator&) = delete;
    Translator& operator=(const Translator&) = delete;

    // ---- the worker ----

    /// What a packet comes with: its key, and the time.
    struct Asked {
        const Config& config;
        const vnet::flow::Key& key;
        vnet::flow::Tick now;
        uint64_t tsc;
        vnet::flow::OwnerId owner;
    };
    /// A session for a packet from inside that leaves by an interface of `outside_vrf`. `ref` is
    /// set where there is one now.
    Verdict outbound(const Asked& asked, Vrf outside_vrf, vnet::flow::Ref& ref) noexcept;
    /// A session for a packet from outside to an outside address.
    Verdict inbound(const Asked& asked, vnet::flow::Ref& ref) noexcept;
    /// A session for a packet from inside to an outside address of `outside_vrf`: to somebody else
    /// inside, who sees the sender's outside address (RFC 4787 REQ-9). What is filtered is noted,
    /// so that the other one may answer, as hosts punch holes. Also for a packet of such an
    /// attempt.
    Verdict hairpin(const Asked& asked, Vrf outside_vrf, vnet::flow::Ref& ref) noexcept;
    /// A packet goes out untranslated by the exempt with a number.
    void count_exempt(uint16_t number) noexcept { uses_.count_exempt(number); }
    /// A session ended: what it took is free.
    void ended(const vnet::flow::Session& session) noexcept;

    // ---- control thread, and what it may look at meanwhile ----
    AddressStates& addresses() noexcept { return addresses_; }
    const Hosts& hosts() const noexcept { return hosts_; }
    const Mappings& mappings() const noexcept { return mappings_; }
    const Uses& uses() const noexcept { return uses_; }
    graph::MemoryUse memory() const noexcept {
        return hosts_.memory() + mappings_.memory() + contacts_.memory();
    }

private:
    struct Far;
    struct Choice;
    Verdict by_mapping(const Asked& asked, const StaticMapping& mapping, const Far& far,
                       vnet::flow::Ref& ref) noexcept;
    /// A port by which a target of twice NAT answers; `reverse` is the key of its answers but for
    /// it.
    std::optional<uint16_t> port_for_twice(const Asked& asked, const StaticMapping& mapping,
                                           const vnet::flow::Key& reverse) noexcept;
    Verdict from_static(const Asked& asked, const StaticMapping& mapping,
                        vnet::flow::Ref& ref) noexcept;
    Verdict by_pool(const Asked& asked, const Pool& pool, const Far& far,
                    vnet::flow::Ref& ref) noexcept;
    /// The address that a host inside has, or would have, for who sees it from outside.
    Ip4Address outside_of(const Asked& asked, Vrf outside_vrf) const noexcept;
    Verdict host_for(const Asked& asked, const Pool& pool, unsigned attempt,
                     uint32_t& host) noexcept;
    Verdict for_host(const Asked& asked, const Pool& pool, const Far& far, uint32_t host,
                     vnet::flow::Ref& ref) noexcept;
    Verdict choose_port(const Asked& asked, const Pool& pool, const Far& far, uint32_t host,
                        Choice& choice) noexcept;
    Verdict port_in_blocks(const Asked& asked, const Pool& pool, const Far& far, uint32_t host,
                           std::optional<uint16_t>& port) noexcept;
    std::optional<uint16_t> port_among(const Asked& asked, const Pool& pool, const Far& far,
                                       const Host& host, PortRange among) noexcept;
    template <class IsFree>
    std::optional<uint16_t> random_port(PortRange among, uint16_t like,
                                        const IsFree& is_free) noexcept;
    bool is_free(const Config& config, const Pool& pool,
                 const vnet::flow::Key& reverse) const noexcept;
    Verdict make(const Asked& asked, const vnet::flow::Key& reverse, uint8_t flags, uint32_t host,
                 vnet::flow::Ref& ref) noexcept;
    /// What a session takes is taken before it is made: making room for it may end the one that
    /// held the same until now.
    Verdict make_counted(const Asked& asked, const vnet::flow::Key& reverse, uint8_t flags,
                         uint32_t host, uint32_t mapping, vnet::flow::Ref& ref) noexcept;
    /// `outside` is the session's outside_key().
    void count(Host& host, const vnet::flow::Key& outside, uint8_t flags, uint32_t mapping,
               int change) noexcept;
    /// Who has an address may speak to a mapping of a host of that pool.
    bool lets_in(const Pool* pool, uint32_t mapping, Ip4Address address) const noexcept;
    /// The same for a packet from inside: by what its sender is outside.
    bool lets_in_from_inside(const Asked& asked, uint32_t mapping, Vrf outside_vrf) const noexcept;
    void note_attempt(const Asked& asked, Vrf outside_vrf) noexcept;
    void count_block(Host& host, uint16_t port, int change) noexcept;
    /// Why it goes: what nobody outside has seen may be another host's at once.
    enum class Leaving : uint8_t { unused, used };
    void release_port(const Mapping& mapping, Leaving leaving) noexcept;
    void leave_mapping(uint32_t mapping, Leaving leaving) noexcept;
    void leave_host(uint32_t host, Leaving leaving) noexcept;
    void release_block(const Host& host, AddressState& state, uint16_t first,
                       Leaving leaving) noexcept;
    std::optional<PortRange> claim_block(const Host& host, uint32_t at, AddressState& state,
                                         vnet::flow::Tick now) noexcept;
    /// A host may begin one more session now.
    static bool has_time(const Pool& pool, Host& host, uint64_t tsc) noexcept;
    void tell(const vnet::flow::Session& session, LogKind kind, uint64_t tsc) noexcept;
    /// Refused to `inside`, whose outside address is `outside` where that is known.
    void tell_refused(const Asked& asked, const Pool& pool, Verdict verdict, const End& inside,
                      Ip4Address outside) noexcept;
    void tell_mapping(const Mapping& mapping, LogKind kind, uint64_t tsc) noexcept;
    void tell_block(const Host& host, PortRange block, LogKind kind, uint64_t tsc) noexcept;
    PortRange part(const Pool& pool) const noexcept;
    vnet::flow::Table& table() const noexcept { return tables_.of(worker_); }

    vnet::flow::Tables& tables_;
    Log& log_;
    const unsigned worker_;
    Hosts hosts_;
    Mappings mappings_;
    Contacts contacts_;
    Exhausted exhausted_;
    AddressStates addresses_;
    Uses uses_;
    Random random_;
};

}  // namespace nat44
