// SPDX-License-Identifier: Apache-2.0
#include "vnet/classify/classifier.hpp"

#include <fmt/format.h>
#include <rte_acl.h>
#include <rte_errno.h>

#include <algorithm>
#include <vector>

namespace vnet::classify {

namespace {

/// The fields of one compiled form: only those that some rule asks for, since each word of a key
/// costs a packet its walk.
class Layout {
public:
    /// librte_acl wants one field of a byte in front, and behind it words of four bytes.
    explicit Layout(unsigned word) { add(RTE_ACL_FIELD_TYPE_BITMASK, 1, word, 0); }
    void word(uint8_t type, unsigned word) {
        next_word();
        add(type, 4, word, 0);
    }
    void halves(unsigned word) {
        next_word();
        add(RTE_ACL_FIELD_TYPE_RANGE, 2, word, 0);
        add(RTE_ACL_FIELD_TYPE_RANGE, 2, word, 2);
    }
    void bytes(unsigned word) {
        next_word();
        for (unsigned i = 0; i < 4; ++i) {
            add(RTE_ACL_FIELD_TYPE_BITMASK, 1, word, i);
        }
    }
    uint32_t size() const noexcept { return config_.num_fields; }
    rte_acl_config config(size_t most_bytes) const noexcept {
        rte_acl_config config = config_;
        config.num_categories = 1;
        config.max_size = most_bytes;
        return config;
    }

private:
    void next_word() noexcept { ++input_; }
    void add(uint8_t type, uint8_t size, unsigned word, unsigned byte) noexcept {
        rte_acl_field_def& field = config_.defs[config_.num_fields];
        field.type = type;
        field.size = size;
        field.field_index = uint8_t(config_.num_fields++);
        field.input_index = uint8_t(input_);
        field.offset = word * 4 + byte;
    }
    rte_acl_config config_{};
    unsigned input_ = 0;
};

/// Which groups of fields the rules ask for.
struct Asked {
    bool from = false;
    bool to = false;
    bool ports = false;
    bool flags = false;
    bool rx_interface = false;
    bool mark = false;

    template <class Family>
    void note(const Rule<Family>& rule) noexcept {
        from |= rule.from.has_value();
        to |= rule.to.has_value();
        ports |= rule.asks_for_ports();
        // Which says whether ports are known, too.
        flags |= rule.dscp || rule.priority || rule.asks_for_ports();
        rx_interface |= rule.rx_interface.has_value();
        mark |= rule.mark.has_value();
    }
};

template <class Family>
Layout layout_of(const Asked& asked) {
    using Key = Key<Family>;
    Layout layout(Key::protocol_at);
    const auto address = [&](bool is_asked, unsigned at) {
        for (unsigned i = 0; is_asked && i < Family::words; ++i) {
            layout.word(RTE_ACL_FIELD_TYPE_MASK, at + i);
        }
    };
    address(asked.from, Key::addresses_at);
    address(asked.to, Key::addresses_at + Family::words);
    if (asked.ports) {
        layout.halves(Key::ports_at);
    }
    if (asked.flags) {
        layout.bytes(Key::flags_at);
    }
    if (asked.rx_interface) {
        layout.word(RTE_ACL_FIELD_TYPE_BITMASK, Key::interface_at);
    }
    if (asked.mark) {
        layout.word(RTE_ACL_FIELD_TYPE_BITMASK, Key::mark_at);
    }
    return layout;
}

uint32_t word_of(wire::Ip4Address address, unsigned) noexcept {
    return address.value();
}
uint32_t word_of(wire::Ip6Address address, unsigned word) noexcept {
    const uint64_t half = word < 2 ? address.high() : address.low();
    return uint32_t(word % 2 == 0 ? half >> 32 : half);
}

/// The values of one rule, in the order of the layout.
class Values {
public:
    explicit Values(rte_acl_field* field) : field_(field) {}

    void byte(std::optional<uint8_t> value) noexcept {
        field_->value.u8 = value.value_or(0);
        field_++->mask_range.u8 = value ? 0xff : 0;
    }
    void half(const std::optional<wire::PortRange>& range) noexcept {
        const wire::PortRange all = range.value_or(wire::PortRange());
        field_->value.u16 = all.first;
        field_++->mask_range.u16 = all.last;
    }
    void word(std::optional<uint32_t> value) noexcept {
        field_->value.u32 = value.value_or(0);
        field_++->mask_range.u32 = value ? ~uint32_t(0) : 0;
    }
    template <class Family>
    void prefix(const std::optional<typename Family::Prefix>& prefix) noexcept {
        const unsigned length = prefix ? prefix->length() : 0;
        for (unsigned i = 0; i < Family::words; ++i) {
            const unsigned before = 32 * i;
            const unsigned bits = length <= before ? 0 : std::min(length - before, 32U);
            field_->value.u32 = bits == 0 ? 0 : word_of(prefix->address(), i);
            field_++->mask_range.u32 = bits;
        }
    }

private:
    rte_acl_field* field_;
};

template <class Family>
void write(const Rule<Family>& rule, const Asked& asked, rte_acl_field* fields) noexcept {
    Values values(fields);
    values.byte(rule.protocol);
    if (asked.from) {
        values.prefix<Family>(rule.from);
    }
    if (asked.to) {
        values.prefix<Family>(rule.to);
    }
    if (asked.ports) {
        values.half(rule.source_ports);
        values.half(rule.destination_ports);
    }
    if (asked.flags) {
        values.byte(rule.dscp);
        values.byte(rule.priority);
        values.byte(rule.asks_for_ports() ? std::optional<uint8_t>(fragment::ports_flag::known)
                                          : std::nullopt);
        values.byte(std::nullopt);
    }
    if (asked.rx_interface) {
        values.word(rule.rx_interface);
    }
    if (asked.mark) {
        values.word(rule.mark);
    }
}

/// All rules one behind the other, as librte_acl reads them.
template <class Family>
std::vector<std::byte> write_all(std::span<const Rule<Family>> rules, const Asked& asked,
                                 uint32_t fields) {
    std::vector<std::byte> bytes(rules.size() * RTE_ACL_RULE_SZ(fields));
    for (size_t i = 0; i < rules.size(); ++i) {
        auto* rule = reinterpret_cast<rte_acl_rule*>(&bytes[i * RTE_ACL_RULE_SZ(fields)]);
        rule->data.category_mask = 1;
        rule->data.priority = int32_t(rules.size() - i);
        // 0 stands for no match.
        rule->data.userdata = uint32_t(i + 1);
        write(rules[i], asked, rule->field);
    }
    return bytes;
}

absl::Status too_large(size_t rules, size_t most_bytes) {
    return absl::ResourceExhaustedError(
        fmt::format("the {} rules take more than {} MB of memory when they are compiled; give "
                    "fewer, or rules that have less of addresses and ports apart",
                    rules, most_bytes >> 20));
}

}  // namespace

template <class Family>
absl::StatusOr<std::unique_ptr<const Classifier<Family>>> Classifier<Family>::compile(
    std::span<const Rule<Family>> rules) {
    if (rules.empty() || rules.size() > most_rules) {
        return absl::ResourceExhaustedError(
            fmt::format("{} rules cannot be compiled; give 1 to {}", rules.size(), most_rules));
    }
    Asked asked;
    bool asks_for_upper = false;
    for (const Rule<Family>& rule : rules) {
        asked.note(rule);
        asks_for_upper |= rule.asks_for_upper();
    }
    const Layout layout = layout_of<Family>(asked);
    const auto written = write_all(rules, asked, layout.size());
    std::unique_ptr<Classifier> made(new Classifier(asks_for_upper));
    // Two contexts of one name would be one and the same, and no two objects are in one place.
    const std::string name = fmt::format("rules-{}", static_cast<const void*>(made.get()));
    rte_acl_param param{};
    param.name = name.c_str();
    param.socket_id = SOCKET_ID_ANY;
    param.rule_size = RTE_ACL_RULE_SZ(layout.size());
    param.max_rule_num = uint32_t(rules.size());
    made->context_ = rte_acl_create(&param);
    const rte_acl_config config = layout.config(most_bytes);
    if (made->context_ == nullptr ||
        rte_acl_add_rules(made->context_, reinterpret_cast<const rte_acl_rule*>(written.data()),
                          uint32_t(rules.size())) != 0 ||
        rte_acl_build(made->context_, &config) != 0) {
        return too_large(rules.size(), most_bytes);
    }
    // They are needed no more: what is built of them is.
    rte_acl_reset_rules(made->context_);
    return made;
}

template <class Family>
Classifier<Family>::~Classifier() {
    rte_acl_free(context_);
}

template <class Family>
void Classifier<Family>::find(std::span<const Key<Family>> keys,
                              std::span<uint32_t> found) const noexcept {
    std::array<const uint8_t*, graph::vector_size> bytes;
    const auto count = uint32_t(std::min(keys.size(), bytes.size()));
    for (uint32_t i = 0; i < count; ++i) {
        bytes[i] = keys[i].bytes();
    }
    (void)rte_acl_classify(context_, bytes.data(), found.data(), count, 1);
    for (uint32_t i = 0; i < count; ++i) {
        // No match is 0, and becomes `none`.
        found[i] -= 1;
    }
}

template class Classifier<Ip4>;
template class Classifier<Ip6>;

}  // namespace vnet::classify
