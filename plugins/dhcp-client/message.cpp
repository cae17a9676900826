// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/message.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/endian.hpp"

namespace dhcp_client {

namespace {

using vnet::wire::Be16;
using vnet::wire::Be32;
using Bytes = std::span<const std::byte>;

constexpr uint8_t boot_request = 1;
constexpr uint8_t boot_reply = 2;
constexpr uint8_t ethernet = 1;
constexpr uint8_t ethernet_length = 6;
constexpr uint32_t magic_cookie = 0x63825363;
/// RFC 951: some relays and servers drop what is shorter.
constexpr size_t shortest_message = 300;
/// RFC 2131 2: every server takes so much.
constexpr size_t longest_text = 64;

/// RFC 2131 2, with the cookie of RFC 2132 2.
struct Header {
    uint8_t operation = 0;
    uint8_t hardware_type = 0;
    uint8_t hardware_length = 0;
    uint8_t hops = 0;
    Be32 transaction;
    Be16 seconds;
    Be16 flags;
    Ip4Address client_address;
    Ip4Address your_address;
    Ip4Address next_server;
    Ip4Address relay;
    MacAddress client;
    std::array<uint8_t, 10> padding{};
    std::array<std::byte, 64> server_name{};
    std::array<std::byte, 128> file{};
    Be32 cookie;
};
static_assert(vnet::wire::WireHeader<Header> && sizeof(Header) == 240);

/// RFC 2132, RFC 3442.
enum class Option : uint8_t {
    pad = 0,
    subnet_mask = 1,
    router = 3,
    name_server = 6,
    hostname = 12,
    domain = 15,
    mtu = 26,
    requested_address = 50,
    lease = 51,
    overload = 52,
    type = 53,
    server = 54,
    parameters = 55,
    text = 56,
    longest_message = 57,
    renew = 58,
    rebind = 59,
    client_id = 61,
    static_routes = 121,
    end = 255,
};

/// What may stand in option "overload": fields that hold options as well.
constexpr uint8_t overload_file = 1;
constexpr uint8_t overload_server_name = 2;

/// Shows each option of one field. False where one goes beyond it.
template <class Show>
bool walk(Bytes field, const Show& show) noexcept {
    while (!field.empty()) {
        const auto code = Option(field[0]);
        if (code == Option::end) {
            return true;
        }
        if (code == Option::pad) {
            field = field.subspan(1);
            continue;
        }
        if (field.size() < 2 || size_t(field[1]) > field.size() - 2) {
            return false;
        }
        const auto length = size_t(field[1]);
        show(code, field.subspan(2, length));
        field = field.subspan(2 + length);
    }
    return true;
}

/// The same over all fields that have options: those behind the header, and where they say so the
/// header's own, in the order of RFC 3396 5.
template <class Show>
bool walk_all(Bytes message, const Show& show) noexcept {
    const auto& header = *vnet::wire::view<Header>(message);
    uint8_t overload = 0;
    const bool whole = walk(message.subspan(sizeof(Header)), [&](Option code, Bytes value) {
        if (code == Option::overload && value.size() == 1) {
            overload = uint8_t(value[0]);
        }
        show(code, value);
    });
    return whole && ((overload & overload_file) == 0 || walk(header.file, show)) &&
           ((overload & overload_server_name) == 0 || walk(header.server_name, show));
}

/// An option that comes in several parts is one (RFC 3396).
class Options {
public:
    explicit Options(Bytes message) {
        walk_all(message, [this](Option code, Bytes value) {
            auto& all = values_[uint8_t(code)];
            all.insert(all.end(), value.begin(), value.end());
            there_[uint8_t(code)] = true;
        });
    }
    /// Nothing where it is not there.
    std::optional<Bytes> find(Option code) const {
        return there_[uint8_t(code)] ? std::optional<Bytes>(values_[uint8_t(code)]) : std::nullopt;
    }

private:
    std::array<std::vector<std::byte>, 256> values_;
    std::array<bool, 256> there_{};
};

uint32_t number(Bytes bytes) {
    uint32_t value = 0;
    for (const std::byte one : bytes) {
        value = value << 8 | uint32_t(one);
    }
    return value;
}

/// An option whose value is one number of so many bytes. False where it has another length.
template <class Value, class Make>
bool take(const Options& options, Option code, size_t bytes, Value& value, const Make& make) {
    const auto found = options.find(code);
    if (!found) {
        return true;
    }
    if (found->size() != bytes) {
        return false;
    }
    value = make(number(*found));
    return true;
}

/// Text of the wire, for people: what cannot be printed is left out.
std::string text_of(const Options& options, Option code) {
    std::string text;
    for (const std::byte one : options.find(code).value_or(Bytes())) {
        if (const auto letter = char(one); letter > ' ' && letter < 0x7f) {
            text += letter;
        } else if (letter == ' ' && !text.empty()) {
            text += letter;
        }
    }
    return text;
}

std::optional<std::vector<Ip4Address>> addresses_of(const Options& options, Option code) {
    std::vector<Ip4Address> all;
    Bytes value = options.find(code).value_or(Bytes());
    if (value.size() % sizeof(Ip4Address) != 0) {
        return std::nullopt;
    }
    for (; !value.empty(); value = value.subspan(sizeof(Ip4Address))) {
        all.emplace_back(number(value.first(sizeof(Ip4Address))));
    }
    return all;
}

/// RFC 3442: a length, the bytes of the network that it leaves, the router.
std::optional<std::vector<StaticRoute>> static_routes(Bytes value) {
    std::vector<StaticRoute> routes;
    while (!value.empty()) {
        const auto length = uint8_t(value[0]);
        const size_t significant = (size_t{length} + 7) / 8;
        if (length > Ip4Prefix::longest || value.size() < 1 + significant + sizeof(Ip4Address)) {
            return std::nullopt;
        }
        const uint32_t network =
            significant == 0 ? 0 : number(value.subspan(1, significant)) << (32 - 8 * significant);
        const Ip4Address router(number(value.subspan(1 + significant, sizeof(Ip4Address))));
        routes.push_back({Ip4Prefix(Ip4Address(network), length).normalised(), router});
        value = value.subspan(1 + significant + sizeof(Ip4Address));
    }
    return routes;
}

/// RFC 791 2.3.
uint8_t classful_length(Ip4Address address) {
    const uint32_t value = address.value();
    return value >> 31 == 0 ? 8 : value >> 30 == 2 ? 16 : 24;
}

std::chrono::seconds seconds_of(uint32_t value) {
    return std::chrono::seconds(value);
}

class Writer {
public:
    explicit Writer(const Header& header) {
        const auto bytes = vnet::wire::bytes_of(header);
        bytes_.assign(bytes.begin(), bytes.end());
    }
    void option(Option code, Bytes value) {
        bytes_.push_back(std::byte(code));
        bytes_.push_back(std::byte(value.size()));
        bytes_.insert(bytes_.end(), value.begin(), value.end());
    }
    template <class Number>
    void number_option(Option code, Number value) {
        option(code, std::as_bytes(std::span(&value, 1)));
    }
    void text_option(Option code, const std::string& text) {
        if (!text.empty()) {
            const size_t length = std::min(text.size(), longest_text);
            option(code, std::as_bytes(std::span(text.data(), length)));
        }
    }
    void address_option(Option code, Ip4Address address) {
        if (!address.is_unspecified()) {
            option(code, vnet::wire::bytes_of(address));
        }
    }
    std::vector<std::byte> finish() {
        bytes_.push_back(std::byte(Option::end));
        bytes_.resize(std::max(bytes_.size(), shortest_message));
        return std::move(bytes_);
    }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace

Fault check(Bytes message) noexcept {
    const auto* header = vnet::wire::view<Header>(message);
    if (header == nullptr) {
        return Fault::truncated;
    }
    if (header->operation != boot_reply || header->hardware_type != ethernet ||
        header->hardware_length != ethernet_length || header->cookie.value() != magic_cookie) {
        return Fault::kind;
    }
    return walk_all(message, [](Option, Bytes) {}) ? Fault::none : Fault::options;
}

std::optional<Reply> read(Bytes message) {
    if (check(message) != Fault::none) {
        return std::nullopt;
    }
    const auto& header = *vnet::wire::view<Header>(message);
    const Options options(message);
    Reply reply;
    reply.transaction = header.transaction.value();
    reply.client = header.client;
    reply.address = header.your_address;
    reply.length = classful_length(reply.address);

    uint32_t mask = 0;
    const auto as_is = [](uint32_t value) { return value; };
    const auto type = options.find(Option::type);
    const auto name_servers = addresses_of(options, Option::name_server);
    const auto routers = addresses_of(options, Option::router);
    const bool sound =
        type && type->size() == 1 && name_servers && routers &&
        take(options, Option::subnet_mask, 4, mask, as_is) &&
        take(options, Option::server, 4, reply.server,
             [](uint32_t value) { return Ip4Address(value); }) &&
        take(options, Option::mtu, 2, reply.mtu, [](uint32_t value) { return uint16_t(value); }) &&
        take(options, Option::lease, 4, reply.lease, seconds_of) &&
        take(options, Option::renew, 4, reply.renew, seconds_of) &&
        take(options, Option::rebind, 4, reply.rebind, seconds_of);
    if (!sound) {
        return std::nullopt;
    }
    if (options.find(Option::subnet_mask)) {
        reply.length = uint8_t(std::popcount(mask));
        if (Ip4Prefix(Ip4Address(), reply.length).mask().value() != mask) {
            return std::nullopt;
        }
    }
    reply.type = Type(type->front());
    reply.name_servers = *name_servers;
    reply.domain = text_of(options, Option::domain);
    reply.text = text_of(options, Option::text);
    if (const auto value = options.find(Option::static_routes)) {
        // They take the place of the router (RFC 3442).
        auto routes = static_routes(*value);
        if (!routes) {
            return std::nullopt;
        }
        reply.routes = std::move(*routes);
    } else if (!routers->empty()) {
        reply.routes.push_back({Ip4Prefix(), routers->front()});
    }
    return reply;
}

std::vector<std::byte> write(const Request& request) {
    Header header;
    header.operation = boot_request;
    header.hardware_type = ethernet;
    header.hardware_length = ethernet_length;
    header.transaction = Be32(request.transaction);
    header.seconds = Be16(request.seconds);
    header.client_address = request.own;
    header.client = request.client;
    header.cookie = Be32(magic_cookie);
    Writer writer(header);
    writer.number_option(Option::type, uint8_t(request.type));
    if (request.client_id.empty()) {
        std::array<uint8_t, 1 + ethernet_length> id{ethernet};
        std::copy(request.client.bytes().begin(), request.client.bytes().end(), id.begin() + 1);
        writer.option(Option::client_id, std::as_bytes(std::span(id)));
    } else {
        // RFC 2132 9.14: type 0 is a name of one's own.
        writer.text_option(Option::client_id, std::string(1, '\0') + request.client_id);
    }
    writer.address_option(Option::requested_address, request.wanted);
    writer.address_option(Option::server, request.server);
    if (request.type == Type::discover || request.type == Type::request) {
        constexpr std::array parameters = {
            Option::static_routes, Option::subnet_mask, Option::router,
            Option::name_server,   Option::domain,      Option::mtu,
            Option::lease,         Option::renew,       Option::rebind};
        writer.option(Option::parameters, std::as_bytes(std::span(parameters)));
        writer.number_option(Option::longest_message, Be16(1500));
        writer.text_option(Option::hostname, request.hostname);
    }
    writer.text_option(Option::text, request.text);
    return writer.finish();
}

}  // namespace dhcp_client
