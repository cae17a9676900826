// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/nd_options.hpp"

#include <algorithm>
#include <cstring>

namespace vnet::wire {
namespace {

constexpr std::size_t unit = 8;
constexpr std::size_t most_units = 255;

/// Bytes of the prefix that follow a route information option.
constexpr std::size_t route_prefix_bytes(std::uint8_t prefix_length) noexcept {
    return prefix_length == 0 ? 0 : prefix_length <= 64 ? 8 : 16;
}

}  // namespace

std::string_view name(NdOptionType type) noexcept {
    switch (type) {
        case NdOptionType::source_link_address:
            return "source-link-address";
        case NdOptionType::target_link_address:
            return "target-link-address";
        case NdOptionType::prefix_information:
            return "prefix-information";
        case NdOptionType::redirected_header:
            return "redirected-header";
        case NdOptionType::mtu:
            return "mtu";
        case NdOptionType::nonce:
            return "nonce";
        case NdOptionType::route_information:
            return "route-information";
        case NdOptionType::dns_servers:
            return "dns-servers";
        case NdOptionType::dns_search_list:
            return "dns-search-list";
    }
    return {};
}

std::optional<MacAddress> NdOption::mac() const noexcept {
    const auto* option = view<NdLinkAddress>(bytes);
    if (option == nullptr || bytes.size() != sizeof(NdLinkAddress) ||
        (type != NdOptionType::source_link_address && type != NdOptionType::target_link_address) ||
        !option->mac.is_unicast()) {
        return std::nullopt;
    }
    return option->mac;
}

const NdPrefixInformation* NdOption::prefix_information() const noexcept {
    const auto* option = view<NdPrefixInformation>(bytes);
    return type == NdOptionType::prefix_information && option != nullptr &&
                   bytes.size() == sizeof(NdPrefixInformation) &&
                   option->prefix_length <= Ip6Prefix::longest
               ? option
               : nullptr;
}

std::optional<std::uint32_t> NdOption::mtu() const noexcept {
    const auto* option = view<NdMtu>(bytes);
    return type == NdOptionType::mtu && option != nullptr && bytes.size() == sizeof(NdMtu)
               ? std::optional(option->mtu.value())
               : std::nullopt;
}

const NdRouteInformation* NdOption::route_information() const noexcept {
    const auto* option = view<NdRouteInformation>(bytes);
    return type == NdOptionType::route_information && option != nullptr &&
                   bytes.size() <= sizeof(NdRouteInformation) + sizeof(Ip6Address) &&
                   option->prefix_length <= Ip6Prefix::longest &&
                   route_prefix_bytes(option->prefix_length) <=
                       bytes.size() - sizeof(NdRouteInformation)
               ? option
               : nullptr;
}

Ip6Prefix NdOption::route_prefix() const noexcept {
    const auto* option = route_information();
    if (option == nullptr) {
        return {};
    }
    std::array<std::uint8_t, 16> prefix{};
    std::memcpy(prefix.data(), bytes.data() + sizeof(NdRouteInformation),
                bytes.size() - sizeof(NdRouteInformation));
    return Ip6Prefix(Ip6Address(prefix), option->prefix_length).normalised();
}

const NdDns* NdOption::dns_servers() const noexcept {
    const auto* option = view<NdDns>(bytes);
    return type == NdOptionType::dns_servers && option != nullptr &&
                   bytes.size() >= sizeof(NdDns) + sizeof(Ip6Address) &&
                   (bytes.size() - sizeof(NdDns)) % sizeof(Ip6Address) == 0
               ? option
               : nullptr;
}

std::size_t NdOption::dns_server_count() const noexcept {
    return dns_servers() == nullptr ? 0 : (bytes.size() - sizeof(NdDns)) / sizeof(Ip6Address);
}

Ip6Address NdOption::dns_server(std::size_t index) const noexcept {
    const auto* server = view<Ip6Address>(after(bytes, sizeof(NdDns) + index * sizeof(Ip6Address)));
    return index < dns_server_count() && server != nullptr ? *server : Ip6Address();
}

std::optional<NdOption> NdOptionsCursor::next() noexcept {
    if (left_.empty()) {
        return std::nullopt;
    }
    const auto* header = view<NdOptionHeader>(left_);
    if (header == nullptr || header->length() == 0 || header->length() > left_.size()) {
        malformed_ = true;
        left_ = {};
        return std::nullopt;
    }
    const NdOption option{header->type(), left_.first(header->length())};
    left_ = left_.subspan(header->length());
    return option;
}

NdOptionsWriter& NdOptionsWriter::put(std::span<const std::byte> fixed,
                                      std::span<const std::byte> rest) noexcept {
    const std::size_t bytes = (fixed.size() + rest.size() + unit - 1) / unit * unit;
    if (bytes > room_.size() - size_ || bytes > most_units * unit) {
        overflowed_ = true;
        return *this;
    }
    const std::span<std::byte> to = room_.subspan(size_, bytes);
    std::fill(to.begin(), to.end(), std::byte{0});
    std::copy(fixed.begin(), fixed.end(), to.begin());
    std::copy(rest.begin(), rest.end(), to.begin() + static_cast<std::ptrdiff_t>(fixed.size()));
    to[offsetof(NdOptionHeader, length_units)] = static_cast<std::byte>(bytes / unit);
    size_ += bytes;
    return *this;
}

NdOptionsWriter& NdOptionsWriter::link_address(NdOptionType type, const MacAddress& mac) noexcept {
    NdLinkAddress option;
    option.type_number = static_cast<std::uint8_t>(type);
    option.mac = mac;
    return put(bytes_of(option));
}

NdOptionsWriter& NdOptionsWriter::prefix_information(const Ip6Prefix& prefix, std::uint8_t flags,
                                                     std::uint32_t valid_lifetime_s,
                                                     std::uint32_t preferred_lifetime_s) noexcept {
    NdPrefixInformation option;
    option.prefix_length = prefix.length();
    option.flags = flags;
    option.valid_lifetime_s = Be32(valid_lifetime_s);
    option.preferred_lifetime_s = Be32(preferred_lifetime_s);
    option.prefix = prefix.first();
    return put(bytes_of(option));
}

NdOptionsWriter& NdOptionsWriter::mtu(std::uint32_t mtu) noexcept {
    NdMtu option;
    option.mtu = Be32(mtu);
    return put(bytes_of(option));
}

NdOptionsWriter& NdOptionsWriter::route_information(const Ip6Prefix& prefix,
                                                    RouterPreference preference,
                                                    std::uint32_t lifetime_s) noexcept {
    NdRouteInformation option;
    option.prefix_length = prefix.length();
    option.flags = static_cast<std::uint8_t>(static_cast<std::uint8_t>(preference) << 3);
    option.lifetime_s = Be32(lifetime_s);
    const Ip6Address first = prefix.first();
    return put(bytes_of(option), bytes_of(first).first(route_prefix_bytes(prefix.length())));
}

NdOptionsWriter& NdOptionsWriter::dns_servers(std::span<const Ip6Address> servers,
                                              std::uint32_t lifetime_s) noexcept {
    if (servers.empty()) {
        return *this;
    }
    NdDns option;
    option.lifetime_s = Be32(lifetime_s);
    return put(bytes_of(option), std::as_bytes(servers));
}

NdOptionsWriter& NdOptionsWriter::dns_search_list(std::span<const std::byte> names,
                                                  std::uint32_t lifetime_s) noexcept {
    NdDns option;
    option.type_number = static_cast<std::uint8_t>(NdOptionType::dns_search_list);
    option.lifetime_s = Be32(lifetime_s);
    return put(bytes_of(option), names);
}

NdOptionsWriter& NdOptionsWriter::redirected_header(std::span<const std::byte> packet) noexcept {
    constexpr std::byte fixed[unit] = {static_cast<std::byte>(NdOptionType::redirected_header)};
    const std::size_t room = std::min(room_.size() - size_, most_units * unit) / unit * unit;
    return put(fixed, at_most(packet, room < unit ? 0 : room - unit));
}

NdOptionsWriter& NdOptionsWriter::nonce(std::span<const std::byte> nonce) noexcept {
    NdOptionHeader option;
    option.type_number = static_cast<std::uint8_t>(NdOptionType::nonce);
    return put(bytes_of(option), nonce);
}

}  // namespace vnet::wire
