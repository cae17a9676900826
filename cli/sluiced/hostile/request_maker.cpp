// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/hostile/request_maker.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace cli::hostile {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr unsigned deepest = 6;
/// More than any handler wants, and no more than a second's work.
constexpr int longest_list = 5000;
constexpr std::size_t longest_text = 70'000;

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a << 24 | b << 16 | c << 8 | d;
}

/// Counts and their limits, lengths of prefixes, addresses that a route or an interface has.
constexpr std::array<std::uint64_t, 32> numbers = {
    0,
    1,
    2,
    3,
    8,
    16,
    24,
    31,
    32,
    33,
    64,
    255,
    256,
    1500,
    9000,
    65535,
    65536,
    1'000'000,
    0x7fff'ffff,
    0x8000'0000,
    0xffff'ffff,
    0x1'0000'0000,
    std::uint64_t(std::numeric_limits<std::int64_t>::max()),
    std::numeric_limits<std::uint64_t>::max(),
    ip(10, 0, 0, 0),
    ip(10, 0, 0, 1),
    ip(10, 0, 0, 2),
    ip(10, 1, 0, 2),
    ip(20, 0, 0, 0),
    ip(127, 0, 0, 1),
    ip(224, 0, 0, 1),
    0x02'00'00'00'00'b1,
};

std::uint64_t number(Decisions& decisions) {
    const std::size_t choice = decisions.below(numbers.size() + 4);
    return choice < numbers.size() ? numbers[choice] : decisions.number();
}

double real(Decisions& decisions) {
    constexpr std::array<double, 6> reals = {0.0,
                                             -1.0,
                                             1e308,
                                             std::numeric_limits<double>::infinity(),
                                             std::numeric_limits<double>::quiet_NaN(),
                                             5e-324};
    return reals[decisions.below(reals.size())];
}

constexpr std::array<std::string_view, 16> strange_texts = {
    "",
    " ",
    "*",
    "all",
    "%s%n",
    "../../../etc/passwd",
    "/",
    "-1",
    "a'b\"c\\d",
    "\x1b[2J",
    "two\nlines",
    "\xff\xfe\xc0\x80",
    std::string_view("nul\0byte", 8),
    "\xe2\x80\xae",
    "lan ",
    "((((((((not",
};

struct Prefix {
    std::uint32_t address;
    std::uint32_t length;
};
constexpr std::array<Prefix, 8> prefixes = {{
    {ip(0, 0, 0, 0), 0},
    {ip(10, 0, 0, 1), 24},
    {ip(10, 9, 0, 1), 24},
    {ip(10, 9, 0, 0), 24},
    {ip(20, 0, 0, 0), 8},
    {ip(20, 1, 0, 0), 16},
    {ip(30, 0, 0, 0), 7},
    {ip(10, 0, 0, 2), 32},
}};
constexpr std::array<std::uint32_t, 8> addresses = {
    ip(10, 0, 0, 1), ip(10, 0, 0, 2), ip(10, 0, 0, 77), ip(10, 1, 0, 2),
    ip(20, 0, 0, 1), ip(30, 1, 2, 3), ip(10, 9, 0, 9),  ip(255, 255, 255, 255),
};
constexpr std::array<std::uint64_t, 4> macs = {
    0x02'00'00'00'00'b1,
    0x02'00'00'00'00'b2,
    0xff'ff'ff'ff'ff'ff,
    0,
};

/// The upper and the lower half of IPv6 addresses.
constexpr std::array<std::uint64_t, 5> high6 = {0, 0xfe80'0000'0000'0000, 0x2001'0db8'0000'0000,
                                                0x2001'0db8'0000'0001, 0xff02'0000'0000'0000};
constexpr std::array<std::uint64_t, 4> low6 = {0, 1, 2, 0x1'ff00'0002};
constexpr std::array<std::uint32_t, 6> lengths6 = {0, 32, 64, 127, 128, 129};

/// Nearly always as many as an address has.
std::string ip6_bytes(Decisions& decisions) {
    std::string bytes;
    for (const std::uint64_t half :
         {high6[decisions.below(high6.size())], low6[decisions.below(low6.size())]}) {
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(half >> shift & 0xff);
        }
    }
    bytes.resize(decisions.below(16) == 0 ? decisions.below(20) : bytes.size());
    return bytes;
}

/// Fills an address or a prefix with one that there might be; false for any other type.
bool fill_address(Message& message, Decisions& decisions) {
    const auto& type = *message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    if (type.full_name() == "sluice.Ip4Prefix") {
        const Prefix& prefix = prefixes[decisions.below(prefixes.size())];
        reflection.SetUInt32(&message, type.FindFieldByName("address"), prefix.address);
        reflection.SetUInt32(&message, type.FindFieldByName("length"), prefix.length);
    } else if (type.full_name() == "sluice.Ip4Address") {
        reflection.SetUInt32(&message, type.FindFieldByName("value"),
                             addresses[decisions.below(addresses.size())]);
    } else if (type.full_name() == "sluice.IpPrefix" && decisions.below(3) != 0) {
        const Prefix& prefix = prefixes[decisions.below(prefixes.size())];
        reflection.SetUInt32(&message, type.FindFieldByName("ip4"), prefix.address);
        reflection.SetUInt32(&message, type.FindFieldByName("length"), prefix.length);
    } else if (type.full_name() == "sluice.IpPrefix") {
        reflection.SetString(&message, type.FindFieldByName("ip6"), ip6_bytes(decisions));
        reflection.SetUInt32(&message, type.FindFieldByName("length"),
                             lengths6[decisions.below(lengths6.size())]);
    } else if (type.full_name() == "sluice.IpAddress") {
        if (decisions.below(3) != 0) {
            reflection.SetUInt32(&message, type.FindFieldByName("ip4"),
                                 addresses[decisions.below(addresses.size())]);
        } else {
            reflection.SetString(&message, type.FindFieldByName("ip6"), ip6_bytes(decisions));
        }
    } else if (type.full_name() == "sluice.MacAddress") {
        reflection.SetUInt64(&message, type.FindFieldByName("value"),
                             macs[decisions.below(macs.size())]);
    } else {
        return false;
    }
    return true;
}

int enum_value(const FieldDescriptor& field, Decisions& decisions) {
    const auto& type = *field.enum_type();
    const std::size_t choice = decisions.below(std::size_t(type.value_count()) + 2);
    return choice < std::size_t(type.value_count()) ? type.value(int(choice))->number()
                                                    : int(decisions.number());
}

}  // namespace

void RequestMaker::fill(Message& message, Decisions& decisions) const {
    message.Clear();
    fill(message, decisions, 0);
}

void RequestMaker::fill(Message& message, Decisions& decisions, unsigned depth) const {
    if (decisions.below(4) != 0 && fill_address(message, decisions)) {
        return;
    }
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
        const FieldDescriptor& field = *type.field(i);
        // Every second that may be left out is, one in eight of the others; at the bottom, what
        // could go deeper.
        const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
        const bool is_left_out =
            decisions.below(8) >= (field.has_presence() && !is_message ? 4U : 7U);
        if (is_left_out || (is_message && depth == deepest)) {
            continue;
        }
        if (!field.is_repeated()) {
            set(message, field, decisions, depth);
            continue;
        }
        constexpr std::array<int, 8> lengths = {1, 1, 0, 2, 3, 17, 256, longest_list};
        // A long list of messages holds ones that are much alike, or it would eat all decisions.
        for (int left = depth > 1 ? 1 : lengths[decisions.below(lengths.size())]; left > 0;
             --left) {
            add(message, field, decisions, depth);
        }
    }
}

void RequestMaker::set(Message& message, const FieldDescriptor& field, Decisions& decisions,
                       unsigned depth) const {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return reflection.SetInt32(&message, &field, std::int32_t(number(decisions)));
        case FieldDescriptor::CPPTYPE_INT64:
            return reflection.SetInt64(&message, &field, std::int64_t(number(decisions)));
        case FieldDescriptor::CPPTYPE_UINT32:
            return reflection.SetUInt32(&message, &field, std::uint32_t(number(decisions)));
        case FieldDescriptor::CPPTYPE_UINT64:
            return reflection.SetUInt64(&message, &field, number(decisions));
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return reflection.SetDouble(&message, &field, real(decisions));
        case FieldDescriptor::CPPTYPE_FLOAT:
            return reflection.SetFloat(&message, &field, float(real(decisions)));
        case FieldDescriptor::CPPTYPE_BOOL:
            return reflection.SetBool(&message, &field, decisions.below(2) == 1);
        case FieldDescriptor::CPPTYPE_ENUM:
            return reflection.SetEnumValue(&message, &field, enum_value(field, decisions));
        case FieldDescriptor::CPPTYPE_STRING:
            return reflection.SetString(&message, &field, text(field, decisions));
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return fill(*reflection.MutableMessage(&message, &field), decisions, depth + 1);
    }
}

void RequestMaker::add(Message& message, const FieldDescriptor& field, Decisions& decisions,
                       unsigned depth) const {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return reflection.AddInt32(&message, &field, std::int32_t(number(decisions)));
        case FieldDescriptor::CPPTYPE_INT64:
            return reflection.AddInt64(&message, &field, std::int64_t(number(decisions)));
        case FieldDescriptor::CPPTYPE_UINT32:
            return reflection.AddUInt32(&message, &field, std::uint32_t(number(decisions)));
        case FieldDescriptor::CPPTYPE_UINT64:
            return reflection.AddUInt64(&message, &field, number(decisions));
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return reflection.AddDouble(&message, &field, real(decisions));
        case FieldDescriptor::CPPTYPE_FLOAT:
            return reflection.AddFloat(&message, &field, float(real(decisions)));
        case FieldDescriptor::CPPTYPE_BOOL:
            return reflection.AddBool(&message, &field, decisions.below(2) == 1);
        case FieldDescriptor::CPPTYPE_ENUM:
            return reflection.AddEnumValue(&message, &field, enum_value(field, decisions));
        case FieldDescriptor::CPPTYPE_STRING:
            // Many long ones are no more than one long one, and take a gigabyte.
            return reflection.AddString(&message, &field, text(field, decisions).substr(0, 300));
        case FieldDescriptor::CPPTYPE_MESSAGE:
            return fill(*reflection.AddMessage(&message, &field), decisions, depth + 1);
    }
}

std::string RequestMaker::text(const FieldDescriptor& field, Decisions& decisions) const {
    const auto known = words_.find(field.name());
    if (known != words_.end() && decisions.below(4) != 0) {
        return known->second[decisions.below(known->second.size())];
    }
    const std::size_t choice = decisions.below(strange_texts.size() + 3);
    if (choice < strange_texts.size()) {
        return std::string(strange_texts[choice]);
    }
    if (choice == strange_texts.size()) {
        return std::string(longest_text, static_cast<char>(decisions.byte() | 1));
    }
    return decisions.text();
}

}  // namespace cli::hostile
