// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "vnet/capture/filter.hpp"

/// libpcap asks the system's name services for every word that it does not know, also for one that
/// is only misspelt, and the control thread would wait for the answer. So filters are read here
/// first, just far enough to find such words.
namespace vnet::capture {

namespace {

/// The words of pcap-filter(7) for Ethernet and IP.
constexpr std::array<std::string_view, 99> known_words{
    "aarp",    "ah",        "and",       "arp",       "atalk",    "broadcast", "byte",
    "carp",    "clnp",      "csnp",      "decnet",    "dst",      "es-is",     "esis",
    "esp",     "ether",     "fddi",      "gateway",   "geneve",   "greater",   "host",
    "icmp",    "icmp6",     "icmp6code", "icmp6type", "icmpcode", "icmptype",  "igmp",
    "igrp",    "iih",       "inbound",   "ip",        "ip6",      "ipx",       "is-is",
    "isis",    "iso",       "l1",        "l2",        "lat",      "len",       "length",
    "less",    "link",      "llc",       "lsp",       "mask",     "mopdl",     "moprc",
    "mpls",    "multicast", "net",       "netbeui",   "not",      "or",        "outbound",
    "pim",     "port",      "portrange", "pppoed",    "pppoes",   "proto",     "protochain",
    "psnp",    "radio",     "rarp",      "rej",       "rnr",      "rr",        "sca",
    "sctp",    "snp",       "src",       "stp",       "tcp",      "tcp-ack",   "tcp-cwr",
    "tcp-ece", "tcp-fin",   "tcp-push",  "tcp-rst",   "tcp-syn",  "tcp-urg",   "tcpflags",
    "test",    "tr",        "ua",        "udp",       "ui",       "vlan",      "vrrp",
    "wlan",    "xid",       "disc",      "frmr",      "sabme",    "i",         "s",
    "u"};

/// Words behind which libpcap looks into tables of the machine's own, services and protocols.
constexpr std::array<std::string_view, 4> name_takers{"port", "portrange", "proto", "protochain"};
/// Words that carry what stood in front of them on to what follows.
constexpr std::array<std::string_view, 3> connectives{"and", "not", "or"};

template <size_t Size>
bool among(const std::array<std::string_view, Size>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool in_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_.:-\\").find(c) != std::string_view::npos;
}

bool all_of(std::string_view word, std::string_view allowed) {
    return word.find_first_not_of(allowed) == std::string_view::npos;
}

/// A number, a range, an address of any family in any of its forms.
bool is_value(std::string_view word) {
    constexpr std::string_view hex = "0123456789abcdefABCDEF";
    if (all_of(word, "0123456789.-") || word.find(':') != std::string_view::npos ||
        (word.starts_with("0x") && all_of(word.substr(2), hex))) {
        return true;
    }
    std::string digits(word);
    std::erase_if(digits, [](char c) { return c == '.' || c == '-'; });
    return digits.size() == 12 && all_of(digits, hex);
}

}  // namespace

std::string_view looked_up_name(std::string_view filter) {
    bool takes_names = false;
    size_t begin = 0;
    while (begin < filter.size()) {
        if (!in_word(filter[begin])) {
            ++begin;
            continue;
        }
        size_t end = begin;
        while (end < filter.size() && in_word(filter[end])) {
            ++end;
        }
        const std::string_view word = filter.substr(begin, end - begin);
        begin = end;
        const bool known =
            among(known_words, word) || word.starts_with("icmp-") || word.starts_with("icmp6-");
        if (known && !among(connectives, word)) {
            takes_names = among(name_takers, word);
        }
        if (!known && !takes_names && !is_value(word)) {
            return word;
        }
    }
    return {};
}

}  // namespace vnet::capture
