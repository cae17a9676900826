// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vnet/wire/bytes.hpp"
#include "vnet/wire/detail/dissector.hpp"
#include "vnet/wire/icmp6.hpp"
#include "vnet/wire/ip6_checksum.hpp"
#include "vnet/wire/ip6_extensions.hpp"
#include "vnet/wire/ip6_header.hpp"
#include "vnet/wire/nd.hpp"
#include "vnet/wire/nd_options.hpp"

namespace vnet::wire::detail {
namespace {

std::string malformed(std::string_view what) {
    return fmt::format("malformed: {}", what);
}

std::string lifetime(std::uint32_t seconds) {
    return seconds == infinite_lifetime_s ? "infinite" : fmt::format("{}", seconds);
}

std::string_view preference_word(RouterPreference preference) {
    return preference == RouterPreference::high  ? "high"
           : preference == RouterPreference::low ? "low"
                                                 : "medium";
}

std::string option_text(const NdOption& option) {
    if (const auto mac = option.mac()) {
        return fmt::format("{} {}", name(option.type), *mac);
    }
    if (const auto* prefix = option.prefix_information()) {
        return fmt::format("prefix {}/{}{}{} valid {} preferred {}", prefix->prefix,
                           prefix->prefix_length, prefix->on_link() ? " on-link" : "",
                           prefix->autonomous() ? " autonomous" : "",
                           lifetime(prefix->valid_lifetime_s.value()),
                           lifetime(prefix->preferred_lifetime_s.value()));
    }
    if (const auto mtu = option.mtu()) {
        return fmt::format("mtu {}", *mtu);
    }
    if (const auto* route = option.route_information()) {
        return fmt::format("route {} {} lifetime {}", option.route_prefix(),
                           preference_word(route->preference()),
                           lifetime(route->lifetime_s.value()));
    }
    if (const auto* dns = option.dns_servers()) {
        std::string text = "dns-servers";
        for (std::size_t i = 0; i < option.dns_server_count(); ++i) {
            text += fmt::format(" {}", option.dns_server(i));
        }
        return text + " lifetime " + lifetime(dns->lifetime_s.value());
    }
    return word_or_number(option.type, "option {}");
}

}  // namespace

void Dissector::ip6(Bytes bytes) {
    Writer out = layer("ip6");
    const auto* header = view<Ip6Header>(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(Ip6Header));
        return;
    }
    out.field("source", header->source).field("destination", header->destination);
    out.field("hop-limit", header->hop_limit).field("length", header->total_length());
    out.field("next-header", word_or_number(header->next_header(), "{}"));
    out.field("dscp", header->dscp()).field("ecn", static_cast<unsigned>(header->ecn()));
    out.field("flow-label", header->flow_label());
    out.words("{} -> {} hop-limit {} length {}", header->source, header->destination,
              header->hop_limit, header->total_length());
    if (header->dscp() != 0) {
        out.words("dscp {}", header->dscp());
    }
    const Ip6Fault fault = check_structure(*header, bytes.size());
    const bool too_short = fault == Ip6Fault::payload_length;
    if (fault != Ip6Fault::none && !too_short) {
        out.fault(malformed(name(fault)));
        return;
    }
    const Ip6Chain chain = walk_ip6(bytes);
    const bool cut = too_short && chain.fault == Ip6ChainFault::truncated;
    // A quoted packet is cut short by design.
    if (!quoting_ && too_short) {
        out.truncated(bytes.size(), header->total_length());
    }
    if (chain.fault != Ip6ChainFault::none && !cut) {
        out.fault(malformed(name(chain.fault)));
    }
    const Bytes packet = at_most(bytes, header->total_length());
    IpProtocol kind = header->next_header();
    for (std::size_t at = sizeof(Ip6Header); at < chain.upper_offset;) {
        if (is_full()) {
            return data("more headers", after(packet, at));
        }
        ip6_extension(kind, packet, at);
        const auto* extension = view<Ip6ExtensionHeader>(after(packet, at));
        at += kind == IpProtocol::fragment ? sizeof(Ip6FragmentHeader)
              : kind == IpProtocol::ah     ? extension->authentication_length()
                                           : extension->length();
        kind = extension->next_header();
    }
    const Bytes payload = after(packet, chain.upper_offset);
    if (chain.fault != Ip6ChainFault::none || chain.upper == IpProtocol::no_next_header) {
        return data(word_or_number(chain.upper, "protocol {}"), payload);
    }
    // Where a routing header has segments left, the sum is over a destination that is not here.
    const auto* routing = chain.routing_offset != 0
                              ? view<Ip6RoutingHeader>(after(packet, chain.routing_offset))
                              : nullptr;
    by_protocol(
        payload,
        {.protocol = chain.upper,
         .has_header = chain.has_l4_header,
         .complete = !too_short && !chain.has_fragment_header() &&
                     (routing == nullptr || routing->segments_left == 0),
         .ip6 = true,
         .addresses =
             InternetSum().add(bytes_of(header->source)).add(bytes_of(header->destination))});
}

void Dissector::ip6_extension(IpProtocol kind, Bytes packet, std::size_t offset) {
    Writer out = layer(name(kind));
    const Bytes bytes = after(packet, offset);
    switch (kind) {
        case IpProtocol::hop_by_hop:
        case IpProtocol::destination_options:
            return ip6_options(out, packet, offset);
        case IpProtocol::routing:
            if (const auto* routing = view<Ip6RoutingHeader>(bytes)) {
                out.field("type", routing->routing_type);
                out.field("segments-left", routing->segments_left);
                out.words("type {} segments-left {}", routing->routing_type,
                          routing->segments_left);
            }
            return;
        case IpProtocol::fragment:
            if (const auto* fragment = view<Ip6FragmentHeader>(bytes)) {
                out.field("identification", fragment->identification.value());
                out.field("fragment-offset", fragment->offset());
                out.field("more-fragments", fragment->more_fragments());
                out.words("id {} offset {}{}", fragment->identification.value(), fragment->offset(),
                          fragment->more_fragments() ? "+" : "");
            }
            return;
        default:
            return;
    }
}

void Dissector::ip6_options(Writer& out, Bytes packet, std::size_t offset) {
    Ip6OptionsCursor options(packet, offset);
    while (const auto option = options.next()) {
        out.field("option", static_cast<unsigned>(option->type));
        out.words("option {}", static_cast<unsigned>(option->type));
    }
    if (options.malformed()) {
        out.fault(fmt::format("malformed: option at octet {}", options.error_offset()));
    }
}

void Dissector::icmp6(Bytes bytes, const L4Context& context) {
    Writer out = layer("icmp6");
    const auto* header = view<Icmp6Header>(bytes);
    if (header == nullptr) {
        out.truncated(bytes.size(), sizeof(Icmp6Header));
        return;
    }
    const Icmp6Type type = header->type();
    out.field("type", word_or_number(type, "{}")).field("code", header->code);
    out.field("checksum", fmt::format("{:#06x}", header->checksum.value()));
    out.words("{}", word_or_number(type, "type {}"));
    icmp6_details(out, *header, bytes);
    if (!quoting_ && context.complete && !context.checksum_ok(bytes)) {
        out.fault("bad checksum");
    }
    const Bytes rest = after(bytes, sizeof(Icmp6Header));
    out.field("payload-bytes", rest.size());
    if (is_error(type)) {
        quote(rest, true);
    }
}

void Dissector::icmp6_details(Writer& out, const Icmp6Header& header, Bytes bytes) {
    switch (header.type()) {
        case Icmp6Type::echo_request:
        case Icmp6Type::echo_reply:
            if (const auto* echo = view<Icmp6EchoHeader>(bytes)) {
                out.field("identifier", echo->identifier.value());
                out.field("sequence", echo->sequence.value());
                out.words("id {} sequence {}", echo->identifier.value(), echo->sequence.value());
            }
            return;
        case Icmp6Type::unreachable:
            out.words("{}", word_or_number(static_cast<Icmp6Unreachable>(header.code), "code {}"));
            return;
        case Icmp6Type::packet_too_big:
            out.field("mtu", header.rest.value());
            out.words("mtu {}", header.rest.value());
            return;
        case Icmp6Type::parameter_problem:
            out.field("pointer", header.rest.value());
            out.words("{} at octet {}",
                      word_or_number(static_cast<Icmp6ParameterProblem>(header.code), "code {}"),
                      header.rest.value());
            return;
        case Icmp6Type::router_advertisement:
            if (const auto* message = view<RouterAdvertisement>(bytes)) {
                out.field("lifetime", message->lifetime_s.value());
                out.field("hop-limit", message->hop_limit);
                out.field("managed", message->managed()).field("other", message->other());
                out.field("preference", preference_word(message->preference()));
                out.words("lifetime {}{}{} preference {}", message->lifetime_s.value(),
                          message->managed() ? " managed" : "", message->other() ? " other" : "",
                          preference_word(message->preference()));
            }
            return nd_options(out, header, bytes);
        case Icmp6Type::neighbor_solicitation:
            if (const auto* message = view<NeighborSolicitation>(bytes)) {
                out.field("target", message->target).words("asks for {}", message->target);
            }
            return nd_options(out, header, bytes);
        case Icmp6Type::neighbor_advertisement:
            if (const auto* message = view<NeighborAdvertisement>(bytes)) {
                out.field("target", message->target).field("router", message->from_router());
                out.field("solicited", message->solicited());
                out.field("override", message->overrides());
                out.words("{}{}{}{}", message->target, message->from_router() ? " router" : "",
                          message->solicited() ? " solicited" : "",
                          message->overrides() ? " override" : "");
            }
            return nd_options(out, header, bytes);
        case Icmp6Type::redirect:
            if (const auto* message = view<NdRedirect>(bytes)) {
                out.field("target", message->target).field("destination", message->destination);
                out.words("{} to {}", message->destination, message->target);
            }
            return nd_options(out, header, bytes);
        case Icmp6Type::router_solicitation:
            return nd_options(out, header, bytes);
        default:
            if (header.code != 0) {
                out.words("code {}", header.code);
            }
    }
}

void Dissector::nd_options(Writer& out, const Icmp6Header& header, Bytes bytes) {
    const std::size_t fixed = nd_fixed_bytes(header.type());
    if (header.code != 0) {
        out.words("code {}", header.code);
    }
    if (bytes.size() < fixed) {
        out.truncated(bytes.size(), fixed);
        return;
    }
    NdOptionsCursor options(after(bytes, fixed));
    while (const auto option = options.next()) {
        const std::string text = option_text(*option);
        out.field("option", text).words("{}", text);
    }
    if (options.malformed()) {
        out.fault(malformed("option"));
    }
}

}  // namespace vnet::wire::detail
