// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vnet/wire/checksum.hpp"
#include "vnet/wire/dissect.hpp"
#include "vnet/wire/endian.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip_protocol.hpp"

/// What dissect() and describe() are made of; for their sources only.
namespace vnet::wire::detail {

using Bytes = std::span<const std::byte>;

constexpr std::size_t most_layers = 16;

/// The word for a number, or the number where there is none.
template <class Enum>
std::string word_or_number(Enum value, std::string_view number_format) {
    const std::string_view word = name(value);
    return word.empty() ? fmt::format(fmt::runtime(fmt::string_view(number_format)),
                                      static_cast<unsigned>(value))
                        : std::string(word);
}

/// Adds fields and words to one layer.
class Writer {
public:
    explicit Writer(Layer& layer) : layer_(layer) {}

    template <class Value>
    Writer& field(std::string_view field_name, const Value& value) {
        layer_.fields.push_back({field_name, fmt::format("{}", value)});
        return *this;
    }
    template <class... Values>
    Writer& words(fmt::format_string<Values...> format, Values&&... values) {
        layer_.summary += ' ';
        fmt::format_to(std::back_inserter(layer_.summary), format, std::forward<Values>(values)...);
        return *this;
    }
    Writer& fault(std::string_view text) {
        layer_.fields.push_back({"fault", std::string(text)});
        return words("({})", text);
    }
    Writer& truncated(std::size_t have, std::size_t need) {
        return fault(fmt::format("truncated: {} of {} bytes", have, need));
    }

private:
    Layer& layer_;
};

/// What layer 4 has to know of the IP around it.
struct L4Context {
    IpProtocol protocol;
    /// The header is here: not a fragment, or the first of them.
    bool has_header;
    /// The whole segment is here.
    bool complete;
    /// UDP must have a checksum.
    bool ip6;
    /// Source and destination, which checksums cover.
    InternetSum addresses;

    [[nodiscard]] bool checksum_ok(Bytes segment) const {
        return InternetSum(addresses)
            .add(Be16(static_cast<std::uint8_t>(protocol)))
            .add(Be32(static_cast<std::uint32_t>(segment.size())))
            .add(segment)
            .is_valid();
    }
};

/// Takes a packet apart, layer by layer.
class Dissector {
public:
    void ethernet(Bytes bytes);
    void ip4(Bytes bytes);
    void ip6(Bytes bytes);
    std::vector<Layer> take() { return std::move(layers_); }

private:
    Writer layer(std::string_view layer_name) {
        layers_.push_back({layer_name, std::string(layer_name), {}, quoting_});
        return Writer(layers_.back());
    }
    [[nodiscard]] bool is_full() const { return layers_.size() + 1 >= most_layers; }

    void by_type(EtherType type, Bytes bytes);
    void data(std::string_view kind, Bytes bytes);
    void vlan(EtherType kind, Bytes bytes);
    void arp(Bytes bytes);
    void ip4_options(Writer& out, Bytes bytes);
    void by_protocol(Bytes payload, const L4Context& context);
    void icmp(Bytes bytes, const L4Context& context);
    void icmp_details(Writer& out, const Icmp4Header& header, Bytes bytes);
    void ip6_extension(IpProtocol kind, Bytes packet, std::size_t offset);
    void ip6_options(Writer& out, Bytes packet, std::size_t offset);
    void icmp6(Bytes bytes, const L4Context& context);
    void icmp6_details(Writer& out, const Icmp6Header& header, Bytes bytes);
    void nd_options(Writer& out, const Icmp6Header& header, Bytes bytes);
    void quote(Bytes bytes, bool ip6);
    void udp(Bytes bytes, const L4Context& context);
    void tcp(Bytes bytes, const L4Context& context);

    std::vector<Layer> layers_;
    bool quoting_ = false;
};

}  // namespace vnet::wire::detail
