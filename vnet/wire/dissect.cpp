// SPDX-License-Identifier: Apache-2.0
#include "vnet/wire/dissect.hpp"

#include <fmt/format.h>

#include <utility>

#include "vnet/wire/arp.hpp"
#include "vnet/wire/bytes.hpp"
#include "vnet/wire/checksum.hpp"
#include "vnet/wire/detail/dissector.hpp"
#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/icmp4.hpp"
#include "vnet/wire/ip4_header.hpp"
#include "vnet/wire/ip4_options.hpp"
#include "vnet/wire/tcp.hpp"
#include "vnet/wire/udp.hpp"

namespace vnet::wire {
namespace detail {
namespace {

std::string flags_text(const TcpHeader& tcp) {
    static constexpr std::pair<TcpFlags, std::string_view> words[] = {
        {TcpFlags::syn, "syn"}, {TcpFlags::fin, "fin"}, {TcpFlags::rst, "rst"},
        {TcpFlags::psh, "psh"}, {TcpFlags::ack, "ack"}, {TcpFlags::urg, "urg"},
        {TcpFlags::ece, "ece"}, {TcpFlags::cwr, "cwr"}};
    std::string text;
    for (const auto& [flag, word] : words) {
        if (tcp.has(flag)) {
            text += text.empty() ? "" : ",";
            text += word;
        }
    }
    return text.empty() ? "none" : text;
}

}  // namespace

void Dissector::ethernet(Bytes bytes) {
    Writer out = layer("ethernet");
    const auto* header = view<EthernetHeader>(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(EthernetHeader));
        return;
    }
    out.field("source", header->source).field("destination", header->destination);
    out.field("type", fmt::format("{:#06x}", header->type.value()));
    out.words("{} -> {}", header->source, header->destination);
    const Bytes payload = after(bytes, sizeof(EthernetHeader));
    if (header->is_llc()) {
        data("llc", at_most(payload, header->type.value()));
        return;
    }
    by_type(header->ether_type(), payload);
}

void Dissector::by_type(EtherType type, Bytes bytes) {
    if (is_full()) {
        data("more headers", bytes);
        return;
    }
    switch (type) {
        case EtherType::vlan:
        case EtherType::qinq:
            return vlan(type, bytes);
        case EtherType::arp:
            return arp(bytes);
        case EtherType::ip4:
            return ip4(bytes);
        case EtherType::ip6:
            return ip6(bytes);
        default:
            return data(word_or_number(type, "type {:#06x}"), bytes);
    }
}

void Dissector::data(std::string_view kind, Bytes bytes) {
    layer("data")
        .field("kind", kind)
        .field("bytes", bytes.size())
        .words("{} {} bytes", kind, bytes.size());
}

void Dissector::vlan(EtherType kind, Bytes bytes) {
    Writer out = layer("vlan");
    const auto* tag = view<VlanTag>(bytes);
    if (tag == nullptr) {
        out.truncated(bytes.size(), sizeof(VlanTag));
        return;
    }
    out.field("tag", name(kind)).field("id", tag->id()).field("priority", tag->priority());
    out.field("drop-eligible", tag->drop_eligible());
    out.field("type", fmt::format("{:#06x}", tag->type.value()));
    out.words("{}", tag->id());
    if (kind == EtherType::qinq) {
        out.words("qinq");
    }
    if (tag->priority() != 0) {
        out.words("priority {}", tag->priority());
    }
    by_type(tag->ether_type(), after(bytes, sizeof(VlanTag)));
}

void Dissector::arp(Bytes bytes) {
    Writer out = layer("arp");
    const auto [header, fault] = check_arp(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(ArpHeader));
        return;
    }
    const std::string operation = header->is_request() ? "request"
                                  : header->is_reply()
                                      ? "reply"
                                      : fmt::format("operation {}", header->operation.value());
    out.field("operation", operation);
    out.field("sender-mac", header->sender_mac).field("sender-ip", header->sender_ip);
    out.field("target-mac", header->target_mac).field("target-ip", header->target_ip);
    out.words("{}", operation);
    if (header->is_reply() || header->is_announcement()) {
        out.words("{} is at {}", header->sender_ip, header->sender_mac);
    } else if (header->is_probe()) {
        out.words("{} probes {}", header->sender_mac, header->target_ip);
    } else {
        out.words("{} asks for {}", header->sender_ip, header->target_ip);
    }
    if (fault != ArpFault::none) {
        out.fault(fmt::format("malformed: {}", name(fault)));
    }
}

void Dissector::ip4(Bytes bytes) {
    Writer out = layer("ip4");
    const auto* header = view<Ip4Header>(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(Ip4Header));
        return;
    }
    const std::size_t total_length = header->total_length.value();
    const std::size_t header_length = header->header_length();
    out.field("source", header->source).field("destination", header->destination);
    out.field("ttl", header->ttl).field("length", total_length);
    out.field("protocol", word_or_number(header->protocol(), "{}"));
    out.field("dscp", header->dscp()).field("ecn", static_cast<unsigned>(header->ecn()));
    out.field("identification", header->identification.value());
    out.field("dont-fragment", header->dont_fragment());
    out.field("checksum", fmt::format("{:#06x}", header->checksum.value()));
    out.words("{} -> {} ttl {} length {}", header->source, header->destination, header->ttl,
              total_length);
    if (header->dscp() != 0) {
        out.words("dscp {}", header->dscp());
    }

    const Ip4Fault fault = check_structure(*header, bytes.size());
    const bool too_short = fault == Ip4Fault::total_length && total_length > bytes.size();
    if (fault != Ip4Fault::none && fault != Ip4Fault::fragment_overrun && !too_short) {
        out.fault(fmt::format("malformed: {}", name(fault)));
        return;
    }
    if (header->is_fragment()) {
        out.field("fragment-offset", header->fragment_offset());
        out.field("more-fragments", header->more_fragments());
        out.words("id {} fragment {}{}", header->identification.value(), header->fragment_offset(),
                  header->more_fragments() ? "+" : "");
    }
    ip4_options(out, bytes);
    if (fault == Ip4Fault::fragment_overrun) {
        out.fault(fmt::format("malformed: {}", name(fault)));
    }
    // A quoted packet is cut short by design, and routers on the way may have changed it.
    if (!quoting_ && too_short) {
        out.truncated(bytes.size(), total_length);
    }
    if (!quoting_ && !ip4_header_checksum_ok(bytes)) {
        out.fault("bad checksum");
    }
    const Bytes payload = after(at_most(bytes, total_length), header_length);
    by_protocol(payload, {.protocol = header->protocol(),
                          .has_header = header->has_l4_header(),
                          .complete = !too_short && !header->is_fragment(),
                          .ip6 = false,
                          .addresses = InternetSum().add(header->source).add(header->destination)});
}

void Dissector::ip4_options(Writer& out, Bytes bytes) {
    Ip4OptionsCursor options(bytes);
    while (const auto option = options.next()) {
        out.field("option", static_cast<unsigned>(option->type));
        out.words("option {}", static_cast<unsigned>(option->type));
    }
    if (options.malformed()) {
        out.fault(fmt::format("malformed: option at octet {}", options.error_pointer()));
    }
}

void Dissector::by_protocol(Bytes payload, const L4Context& context) {
    if (!context.has_header) {
        data("fragment of " + word_or_number(context.protocol, "protocol {}"), payload);
        return;
    }
    if (is_full()) {
        data("more headers", payload);
        return;
    }
    switch (context.protocol) {
        case IpProtocol::icmp:
            return icmp(payload, context);
        case IpProtocol::udp:
            return udp(payload, context);
        case IpProtocol::tcp:
            return tcp(payload, context);
        case IpProtocol::icmp6:
            return icmp6(payload, context);
        case IpProtocol::ipip:
            return ip4(payload);
        case IpProtocol::ip6:
            return ip6(payload);
        default:
            return data(word_or_number(context.protocol, "protocol {}"), payload);
    }
}

void Dissector::icmp(Bytes bytes, const L4Context& context) {
    Writer out = layer("icmp");
    const auto* header = view<Icmp4Header>(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(Icmp4Header));
        return;
    }
    const Icmp4Type type = header->type();
    out.field("type", word_or_number(type, "{}")).field("code", header->code);
    out.field("checksum", fmt::format("{:#06x}", header->checksum.value()));
    out.words("{}", word_or_number(type, "type {}"));
    icmp_details(out, *header, bytes);
    if (!quoting_ && context.complete && !InternetSum().add(bytes).is_valid()) {
        out.fault("bad checksum");
    }
    const Bytes rest = after(bytes, sizeof(Icmp4Header));
    out.field("payload-bytes", rest.size());
    if (is_error(type)) {
        quote(rest, false);
    }
}

void Dissector::quote(Bytes bytes, bool as_ip6) {
    // One level only: an error about an error is not legal, and would let a packet nest itself.
    if (quoting_ || bytes.empty() || is_full()) {
        return;
    }
    quoting_ = true;
    as_ip6 ? ip6(bytes) : ip4(bytes);
    quoting_ = false;
}

void Dissector::icmp_details(Writer& out, const Icmp4Header& header, Bytes bytes) {
    switch (header.type()) {
        case Icmp4Type::echo_request:
        case Icmp4Type::echo_reply:
            if (const auto* echo = view<Icmp4EchoHeader>(bytes)) {
                out.field("identifier", echo->identifier.value());
                out.field("sequence", echo->sequence.value());
                out.words("id {} sequence {}", echo->identifier.value(), echo->sequence.value());
            }
            return;
        case Icmp4Type::unreachable:
            if (const auto* unreachable = view<Icmp4UnreachableHeader>(bytes)) {
                const auto code = static_cast<Icmp4Unreachable>(header.code);
                out.words("{}", word_or_number(code, "code {}"));
                if (code == Icmp4Unreachable::fragmentation_needed) {
                    out.field("next-hop-mtu", unreachable->next_hop_mtu.value());
                    out.words("mtu {}", unreachable->next_hop_mtu.value());
                }
            }
            return;
        case Icmp4Type::redirect:
            if (const auto* redirect = view<Icmp4RedirectHeader>(bytes)) {
                out.field("gateway", redirect->gateway);
                out.words("to {}", redirect->gateway);
            }
            return;
        case Icmp4Type::parameter_problem:
            if (const auto* problem = view<Icmp4ParameterProblemHeader>(bytes)) {
                out.field("pointer", problem->pointer);
                out.words("at octet {}", problem->pointer);
            }
            return;
        default:
            if (header.code != 0) {
                out.words("code {}", header.code);
            }
    }
}

void Dissector::udp(Bytes bytes, const L4Context& context) {
    Writer out = layer("udp");
    const auto* header = view<UdpHeader>(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(UdpHeader));
        return;
    }
    const std::uint16_t length = header->length.value();
    out.field("source-port", header->source_port.value());
    out.field("destination-port", header->destination_port.value());
    out.field("length", length).field("checksum", fmt::format("{:#06x}", header->checksum.value()));
    out.words("{} -> {} length {}", header->source_port.value(), header->destination_port.value(),
              length);
    if (!context.complete) {
        return;
    }
    if (!header->length_fits(bytes.size())) {
        out.fault("malformed: length");
    } else if (!header->has_checksum()) {
        if (context.ip6) {
            out.fault("no checksum");
        }
    } else if (!context.checksum_ok(bytes.first(length))) {
        out.fault("bad checksum");
    }
}

void Dissector::tcp(Bytes bytes, const L4Context& context) {
    Writer out = layer("tcp");
    const auto* header = view<TcpHeader>(bytes);
    if (header == nullptr) {
        // The ports are all that an ICMP error has to quote (RFC 792).
        if (const auto* ports = view<UdpHeader>(bytes)) {
            out.field("source-port", ports->source_port.value());
            out.field("destination-port", ports->destination_port.value());
            out.words("{} -> {}", ports->source_port.value(), ports->destination_port.value());
        }
        out.truncated(bytes.size(), sizeof(TcpHeader));
        return;
    }
    const std::string flags = flags_text(*header);
    out.field("source-port", header->source_port.value());
    out.field("destination-port", header->destination_port.value());
    out.field("flags", flags).field("sequence", header->sequence.value());
    out.field("acknowledgment", header->acknowledgment.value());
    out.field("window", header->window.value());
    out.field("checksum", fmt::format("{:#06x}", header->checksum.value()));
    out.words("{} -> {} {} sequence {}", header->source_port.value(),
              header->destination_port.value(), flags, header->sequence.value());
    if (header->has(TcpFlags::ack)) {
        out.words("acknowledgment {}", header->acknowledgment.value());
    }
    out.words("window {}", header->window.value());
    if (!context.complete) {
        return;
    }
    if (!header->data_offset_fits(bytes.size())) {
        out.fault("malformed: data-offset");
        return;
    }
    out.field("payload-bytes", bytes.size() - header->data_offset());
    if (!context.checksum_ok(bytes)) {
        out.fault("bad checksum");
    }
}

}  // namespace detail

std::vector<Layer> dissect(std::span<const std::byte> packet, FirstLayer first) {
    detail::Dissector dissector;
    switch (first) {
        case FirstLayer::ethernet:
            dissector.ethernet(packet);
            break;
        case FirstLayer::ip4:
            dissector.ip4(packet);
            break;
        case FirstLayer::ip6:
            dissector.ip6(packet);
            break;
    }
    return dissector.take();
}

std::string describe(std::span<const std::byte> packet, FirstLayer first) {
    std::string line;
    bool quoted = false;
    for (const Layer& layer : dissect(packet, first)) {
        if (!line.empty()) {
            line += layer.quoted != quoted ? " | about " : " | ";
        }
        quoted = layer.quoted;
        line += layer.summary;
    }
    return line;
}

}  // namespace vnet::wire
