// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/ascii.h>
#include <arpa/inet.h>
#include <fmt/format.h>

#include "api/grammar/text_forms.hpp"

namespace api::grammar {
namespace {

using google::protobuf::Message;

/// The fields of api/proto/types.proto by number; a dynamic message has no accessors of its own.
const google::protobuf::FieldDescriptor* field(const Message& message, int number) {
    return message.GetDescriptor()->FindFieldByNumber(number);
}

std::uint32_t u32(const Message& message, int number) {
    return message.GetReflection()->GetUInt32(message, field(message, number));
}

void set_u32(Message& message, int number, std::uint32_t value) {
    message.GetReflection()->SetUInt32(&message, field(message, number), value);
}

/// One to three decimal digits without a leading zero, not above `most`. Takes them from `text`.
bool take_decimal(std::string_view& text, std::uint32_t most, std::uint32_t& value) {
    std::size_t digits = 0;
    value = 0;
    while (digits < text.size() && digits < 3 &&
           absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) {
        value = value * 10 + static_cast<std::uint32_t>(text[digits++] - '0');
    }
    const bool leading_zero = digits > 1 && text[0] == '0';
    text.remove_prefix(digits);
    return digits > 0 && !leading_zero && value <= most;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

bool take_ip4(std::string_view& text, std::uint32_t& address) {
    address = 0;
    for (int i = 0; i < 4; ++i) {
        std::uint32_t part = 0;
        if ((i > 0 && !take(text, '.')) || !take_decimal(text, 255, part)) {
            return false;
        }
        address = address << 8 | part;
    }
    return true;
}

std::string print_ip4(std::uint32_t a) {
    return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

MessageForm ip4_address() {
    return {
        .parse =
            [](std::string_view text, Message& message) {
                std::uint32_t address = 0;
                if (!take_ip4(text, address) || !text.empty()) {
                    return false;
                }
                set_u32(message, 1, address);
                return true;
            },
        .print = [](const Message& message) { return print_ip4(u32(message, 1)); },
        .expects = "an IPv4 address such as 192.0.2.1",
        .samples = {"192.0.2.1"},
    };
}

MessageForm ip4_prefix() {
    return {
        .parse =
            [](std::string_view text, Message& message) {
                std::uint32_t address = 0;
                std::uint32_t length = 0;
                if (!take_ip4(text, address) || !take(text, '/') ||
                    !take_decimal(text, 32, length) || !text.empty()) {
                    return false;
                }
                set_u32(message, 1, address);
                set_u32(message, 2, length);
                return true;
            },
        .print =
            [](const Message& m) { return fmt::format("{}/{}", print_ip4(u32(m, 1)), u32(m, 2)); },
        .expects = "an IPv4 prefix such as 192.0.2.0/24, or 192.0.2.7/32 for one address",
        .samples = {"192.0.2.0/24"},
    };
}

/// Field 3 of IpAddress and IpPrefix.
void set_ip6(Message& message, const std::string& bytes) {
    message.GetReflection()->SetString(&message, field(message, 3), bytes);
}

bool has_ip6(const Message& message) {
    return message.GetReflection()->HasField(message, field(message, 3));
}

/// RFC 4291 2.2, without a zone.
bool take_ip6(std::string_view text, std::string& bytes) {
    constexpr std::size_t longest = 45;
    in6_addr address{};
    if (text.size() > longest || inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) {
        return false;
    }
    bytes.assign(reinterpret_cast<const char*>(address.s6_addr), sizeof(address.s6_addr));
    return true;
}

std::string print_ip6(const Message& message) {
    const std::string bytes = message.GetReflection()->GetString(message, field(message, 3));
    char text[INET6_ADDRSTRLEN];
    in6_addr address{};
    if (bytes.size() != sizeof(address.s6_addr)) {
        return fmt::format("(an IPv6 address of {} bytes)", bytes.size());
    }
    bytes.copy(reinterpret_cast<char*>(address.s6_addr), bytes.size());
    return inet_ntop(AF_INET6, &address, text, sizeof(text));
}

MessageForm ip_address() {
    return {
        .parse =
            [](std::string_view text, Message& message) {
                std::uint32_t ip4 = 0;
                std::string ip6;
                if (std::string_view rest = text; take_ip4(rest, ip4) && rest.empty()) {
                    set_u32(message, 1, ip4);
                    return true;
                }
                if (!take_ip6(text, ip6)) {
                    return false;
                }
                set_ip6(message, ip6);
                return true;
            },
        .print =
            [](const Message& message) {
                return has_ip6(message) ? print_ip6(message) : print_ip4(u32(message, 1));
            },
        .expects = "an address such as 192.0.2.1 or 2001:db8::1",
        .samples = {"192.0.2.1", "2001:db8::1"},
    };
}

MessageForm ip_prefix() {
    return {
        .parse =
            [](std::string_view text, Message& message) {
                const std::size_t slash = text.find('/');
                if (slash == std::string_view::npos) {
                    return false;
                }
                std::string_view address = text.substr(0, slash);
                std::string_view digits = text.substr(slash + 1);
                std::uint32_t length = 0;
                std::uint32_t ip4 = 0;
                std::string ip6;
                if (!take_decimal(digits, 128, length) || !digits.empty()) {
                    return false;
                }
                if (take_ip4(address, ip4) && address.empty() && length <= 32) {
                    set_u32(message, 1, ip4);
                } else if (take_ip6(text.substr(0, slash), ip6)) {
                    set_ip6(message, ip6);
                } else {
                    return false;
                }
                set_u32(message, 2, length);
                return true;
            },
        .print =
            [](const Message& m) {
                return fmt::format("{}/{}", has_ip6(m) ? print_ip6(m) : print_ip4(u32(m, 1)),
                                   u32(m, 2));
            },
        .expects =
            "a prefix such as 192.0.2.0/24 or 2001:db8::/32, or 192.0.2.7/32 for one address",
        .samples = {"192.0.2.0/24", "2001:db8::/32"},
    };
}

MessageForm mac_address() {
    return {
        .parse =
            [](std::string_view text, Message& message) {
                std::uint64_t value = 0;
                for (int i = 0; i < 6; ++i) {
                    std::string byte;
                    if ((i > 0 && !take(text, ':')) || !parse_hex(text.substr(0, 2), byte) ||
                        byte.empty()) {
                        return false;
                    }
                    text.remove_prefix(2);
                    value = value << 8 | static_cast<unsigned char>(byte[0]);
                }
                message.GetReflection()->SetUInt64(&message, field(message, 1), value);
                return text.empty();
            },
        .print =
            [](const Message& message) {
                const std::uint64_t value =
                    message.GetReflection()->GetUInt64(message, field(message, 1));
                std::string text;
                for (int shift = 40; shift >= 0; shift -= 8) {
                    text += fmt::format("{}{:02x}", text.empty() ? "" : ":", value >> shift & 255);
                }
                return text;
            },
        .expects = "a MAC address such as 02:fe:00:00:00:01",
        .samples = {"02:fe:00:00:00:01"},
    };
}

MessageForm hex_bytes() {
    return {
        .parse =
            [](std::string_view text, Message& message) {
                std::string bytes;
                if (!parse_hex(text, bytes)) {
                    return false;
                }
                message.GetReflection()->SetString(&message, field(message, 1), std::move(bytes));
                return true;
            },
        .print =
            [](const Message& m) {
                return print_hex(m.GetReflection()->GetString(m, field(m, 1)));
            },
        .expects = "bytes as hexadecimal digits such as 0a0b0c",
        .samples = {"10", "0a0b0c"},
    };
}

}  // namespace

void add_house_forms(TextForms& forms) {
    // The names differ, so none can be refused.
    forms.add("sluice.Ip4Address", ip4_address()).IgnoreError();
    forms.add("sluice.Ip4Prefix", ip4_prefix()).IgnoreError();
    forms.add("sluice.IpAddress", ip_address()).IgnoreError();
    forms.add("sluice.IpPrefix", ip_prefix()).IgnoreError();
    forms.add("sluice.MacAddress", mac_address()).IgnoreError();
    forms.add("sluice.HexBytes", hex_bytes()).IgnoreError();
}

}  // namespace api::grammar
