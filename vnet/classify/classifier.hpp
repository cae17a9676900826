// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <cstring>
#include <memory>
#include <span>

#include "graph/limits.hpp"
#include "graph/packet.hpp"
#include "vnet/classify/rule.hpp"
#include "vnet/fragment/ports.hpp"

struct rte_acl_ctx;

namespace vnet::classify {

/// What rules may ask of one packet, in network byte order, each field at the beginning of a word.
template <class Family>
class Key {
public:
    /// Of a packet's header, its ports where they are known, and its metadata.
    static Key of(const typename Family::Header& ip, const fragment::Ports& ports,
                  const graph::Metadata& meta) noexcept {
        Key key;
        key.words_[protocol_at] = ports.protocol;
        std::memcpy(&key.words_[addresses_at], &ip.source, 2 * sizeof(typename Family::Address));
        key.words_[ports_at] =
            wire::Be32(uint32_t(ports.source) << 16 | ports.destination).network();
        // In the order of the bytes: class, priority, whether the ports are known.
        key.words_[flags_at] =
            ip.dscp() | uint32_t(meta.flags >> (graph::packet_flag::priority_shift + 1)) << 8 |
            uint32_t(ports.flags & fragment::ports_flag::known) << 16;
        key.words_[interface_at] = wire::Be32(meta.rx_interface).network();
        key.words_[mark_at] = wire::Be32(meta.treatment >> graph::treatment::mark_shift).network();
        return key;
    }
    const uint8_t* bytes() const noexcept {
        return reinterpret_cast<const uint8_t*>(words_.data());
    }

    // Where a field begins, in words.
    static constexpr unsigned protocol_at = 0;
    static constexpr unsigned addresses_at = 1;
    static constexpr unsigned ports_at = addresses_at + 2 * Family::words;
    static constexpr unsigned flags_at = ports_at + 1;
    static constexpr unsigned interface_at = ports_at + 2;
    static constexpr unsigned mark_at = ports_at + 3;

private:
    std::array<uint32_t, mark_at + 1> words_;
};

/// Rules of one family, compiled to tries that a packet is looked up in at once: what it costs
/// hardly depends on how many rules there are (librte_acl). Immutable; made and destroyed by
/// control, asked by any worker.
template <class Family>
class Classifier {
public:
    static constexpr size_t most_rules = Family::most_rules;
    /// Of the compiled form.
    static constexpr size_t most_bytes = size_t(64) << 20;
    /// No rule matches.
    static constexpr uint32_t none = ~uint32_t(0);

    /// Of rules that match all at once the first counts. RESOURCE_EXHAUSTED with a sentence where
    /// there are too many, or their compiled form is too large.
    static absl::StatusOr<std::unique_ptr<const Classifier>> compile(
        std::span<const Rule<Family>> rules);
    ~Classifier();
    Classifier(const Classifier&) = delete;
    Classifier& operator=(const Classifier&) = delete;

    /// Looks packets up together, graph::vector_size of them at most: `found` gets for each the
    /// place of its rule among those compiled, or `none`.
    void find(std::span<const Key<Family>> keys, std::span<uint32_t> found) const noexcept;
    /// Some rule asks for the upper layer.
    bool asks_for_upper() const noexcept { return asks_for_upper_; }

private:
    explicit Classifier(bool asks_for_upper) : asks_for_upper_(asks_for_upper) {}

    rte_acl_ctx* context_ = nullptr;
    const bool asks_for_upper_;
};

extern template class Classifier<Ip4>;
extern template class Classifier<Ip6>;

}  // namespace vnet::classify
