// SPDX-License-Identifier: Apache-2.0
#include "vnet/neighbor/router_advertisements.hpp"

#include <fmt/format.h>
#include <rte_random.h>

#include <algorithm>

#include "vnet/wire/nd.hpp"

namespace vnet::neighbor {

namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;

// RFC 4861 10.
constexpr unsigned initial_advertisements = 3;
constexpr seconds initial_interval{16};
constexpr seconds least_between{3};
constexpr milliseconds most_answer_delay{500};
/// RFC 4862 5.5.3 e: hosts do not believe less.
constexpr uint32_t least_valid_s = 7200;

absl::Status check(const RouterAdvertisementSettings& settings) {
    if (settings.max_interval_s < 4 || settings.max_interval_s > 1800) {
        return absl::OutOfRangeError(
            fmt::format("router advertisements cannot be at most {} s apart; give 4 to 1800",
                        settings.max_interval_s));
    }
    const uint32_t most = std::max(settings.max_interval_s * 3 / 4, 3U);
    if (settings.min_interval_s < 3 || settings.min_interval_s > most) {
        return absl::OutOfRangeError(
            fmt::format("router advertisements cannot be at least {} s apart; give 3 to {}, three "
                        "quarters of the longest interval",
                        settings.min_interval_s, most));
    }
    if (settings.lifetime_s != 0 &&
        (settings.lifetime_s < settings.max_interval_s || settings.lifetime_s > 9000)) {
        return absl::OutOfRangeError(
            fmt::format("a lifetime of {} s is out of range; give 0, or {} to 9000",
                        settings.lifetime_s, settings.max_interval_s));
    }
    if (settings.hop_limit > 255) {
        return absl::OutOfRangeError(
            fmt::format("a hop limit of {} is out of range; give 0 to 255", settings.hop_limit));
    }
    if (settings.preferred_lifetime_s > settings.valid_lifetime_s) {
        return absl::InvalidArgumentError(
            fmt::format("a preferred lifetime of {} s is longer than the valid one of {} s",
                        settings.preferred_lifetime_s, settings.valid_lifetime_s));
    }
    for (const wire::Ip6Address server : settings.dns_servers) {
        if (!server.valid_source()) {
            return absl::InvalidArgumentError(
                fmt::format("{} cannot be a DNS server; give a unicast address", server));
        }
    }
    constexpr size_t most_servers = 16;
    if (settings.dns_servers.size() > most_servers) {
        return absl::OutOfRangeError(fmt::format("{} DNS servers are too many; give up to {}",
                                                 settings.dns_servers.size(), most_servers));
    }
    return absl::OkStatus();
}

}  // namespace

RouterAdvertisements::RouterAdvertisements(graph::Engine& engine, interface::Table& interfaces,
                                           ip6::Addresses& addresses, Nd& nd, Nd::Now clock)
    : interfaces_(interfaces), addresses_(addresses), nd_(nd), clock_(std::move(clock)) {
    nd_.observe_solicitations([this](interface::Index interface) { solicited(interface); });
    interfaces_.observe([this](const interface::Interface& interface, interface::Change change) {
        changed(interface, change);
    });
    addresses_.observe([this](interface::Index interface, const wire::Ip6Prefix& own, bool added) {
        if (!added) {
            gone(interface, own.address());
        }
    });
    addresses_.observe_use([this](interface::Index interface, const wire::Ip6Prefix&, bool) {
        if (const auto found = links_.find(interface); found != links_.end()) {
            begin(found->second);
        }
    });
    timer_ = engine.control().every(milliseconds(100), [this] { tick(clock_()); });
}

void RouterAdvertisements::stop_all() {
    for (auto& [interface, link] : links_) {
        end(interface, link, Say::away);
    }
    links_.clear();
}

void RouterAdvertisements::changed(const interface::Interface& interface,
                                   interface::Change change) {
    const auto found = links_.find(interface.index);
    if (found == links_.end()) {
        return;
    }
    switch (change) {
        case interface::Change::removing:
            links_.erase(found);
            break;
        case interface::Change::going_down:
            end(found->first, found->second, Say::away);
            break;
        case interface::Change::up:
        case interface::Change::link_up:
        case interface::Change::mtu:
            begin(found->second);
            break;
        default:
            break;
    }
}

/// Under an address that the router has no more nobody else says that it is gone
/// (RFC 4861 6.2.8).
void RouterAdvertisements::gone(interface::Index interface, wire::Ip6Address address) {
    const auto found = links_.find(interface);
    if (found != links_.end() && found->second.source == address) {
        end(interface, found->second, Say::not_a_router);
    }
}

Clock::duration RouterAdvertisements::random_between(milliseconds least, milliseconds most) {
    const auto span = uint64_t((most - least).count());
    return least + milliseconds(span == 0 ? 0 : rte_rand_max(span + 1));
}

/// The next ones follow fast, so that hosts soon know what is new (RFC 4861 6.2.4).
void RouterAdvertisements::begin(Link& link) {
    link.initial = initial_advertisements;
    link.due = std::max(clock_(), link.last ? *link.last + least_between : clock_());
}

void RouterAdvertisements::solicited(interface::Index interface) {
    const auto found = links_.find(interface);
    if (found == links_.end()) {
        return;
    }
    Link& link = found->second;
    ++link.solicitations;
    // RFC 4861 6.2.6: after a moment that differs, and not too soon behind the one before.
    Clock::time_point due = clock_() + random_between(milliseconds(0), most_answer_delay);
    if (link.last) {
        due = std::max(due, *link.last + least_between);
    }
    link.due = std::min(link.due, due);
}

absl::Status RouterAdvertisements::set(const std::string& name,
                                       const RouterAdvertisementSettings& settings) {
    const auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (auto status = check(settings); !status.ok()) {
        return status;
    }
    Link& link = links_[(*interface)->index];
    link.settings = settings;
    begin(link);
    return absl::OkStatus();
}

absl::Status RouterAdvertisements::stop(const std::string& name) {
    const auto interface = interfaces_.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    const auto found = links_.find((*interface)->index);
    if (found == links_.end()) {
        return absl::NotFoundError(
            fmt::format("interface '{}' sends no router advertisements", name));
    }
    end(found->first, found->second, Say::ended);
    links_.erase(found);
    return absl::OkStatus();
}

std::optional<RouterAdvertisementSettings> RouterAdvertisements::settings_of(
    interface::Index interface) const {
    const auto found = links_.find(interface);
    return found == links_.end() ? std::nullopt : std::optional(found->second.settings);
}

std::vector<RouterAdvertisements::State> RouterAdvertisements::list() const {
    std::vector<State> all;
    for (const auto& [interface, link] : links_) {
        all.push_back({interface, &link.settings, link.sent, link.solicitations});
    }
    return all;
}

std::vector<wire::Ip6Prefix> RouterAdvertisements::prefixes_of(interface::Index interface) const {
    std::vector<wire::Ip6Prefix> all;
    for (const wire::Ip6Prefix& own : addresses_.of(interface)) {
        const wire::Ip6Prefix network = own.normalised();
        if (!own.address().is_link_local() && own.length() < wire::Ip6Prefix::longest &&
            std::find(all.begin(), all.end(), network) == all.end()) {
            all.push_back(network);
        }
    }
    return all;
}

void RouterAdvertisements::tick(Clock::time_point now) {
    for (auto& [interface, link] : links_) {
        if (link.due > now) {
            continue;
        }
        const milliseconds most = seconds(link.settings.max_interval_s);
        const milliseconds least = seconds(link.settings.min_interval_s);
        Clock::duration wait = random_between(least, most);
        if (send(interface, link)) {
            link.last = now;
            ++link.sent;
            if (link.initial > 0) {
                --link.initial;
                wait = std::min<Clock::duration>(wait, initial_interval);
            }
        } else {
            // Not up, or its link-local address is still tentative.
            wait = seconds(1);
        }
        link.due = now + wait;
    }
}

void RouterAdvertisements::end(interface::Index interface, Link& link, Say say) {
    if (!link.source.is_unspecified()) {
        (void)send(interface, link, say);
        link.source = {};
    }
}

template <class T>
void RouterAdvertisements::Told<T>::tell(const std::vector<T>& values, seconds lifetime,
                                         Clock::time_point now) {
    const auto is_told = [&](const T& value) {
        return std::find(values.begin(), values.end(), value) != values.end();
    };
    std::erase_if(withdrawn_,
                  [&](const Withdrawn& one) { return one.until <= now || is_told(one.value); });
    for (const T& value : told_) {
        if (!is_told(value)) {
            withdrawn_.push_back({value, now + lifetime_});
        }
    }
    if (withdrawn_.size() > most_withdrawn) {
        withdrawn_.erase(withdrawn_.begin(), withdrawn_.end() - most_withdrawn);
    }
    told_ = values;
    lifetime_ = lifetime;
}

template <class T>
std::vector<T> RouterAdvertisements::Told<T>::withdrawn() const {
    std::vector<T> all;
    for (const Withdrawn& one : withdrawn_) {
        all.push_back(one.value);
    }
    return all;
}

bool RouterAdvertisements::send(interface::Index index, Link& link, Say say) {
    const RouterAdvertisementSettings& settings = link.settings;
    const interface::Interface* interface = interfaces_.get(index);
    const wire::Ip6Address source = say == Say::here ? nd_.link_local(index) : link.source;
    if (interface == nullptr || !interface->up || !interface->link || source.is_unspecified()) {
        return false;
    }
    const std::vector<wire::Ip6Prefix> networks = prefixes_of(index);
    // RFC 8106 5.1: three times the longest interval.
    const uint32_t dns_lifetime_s = 3 * settings.max_interval_s;
    link.source = source;
    link.prefixes.tell(networks, seconds(settings.valid_lifetime_s), clock_());
    link.dns_servers.tell(settings.dns_servers, seconds(dns_lifetime_s), clock_());
    wire::RouterAdvertisement fixed;
    fixed.hop_limit = uint8_t(settings.hop_limit);
    fixed.flags = uint8_t((settings.managed ? wire::RouterAdvertisement::managed_flag : 0) |
                          (settings.other ? wire::RouterAdvertisement::other_flag : 0));
    fixed.set_preference(settings.preference);
    fixed.lifetime_s = wire::Be16(uint16_t(say == Say::here ? settings.lifetime_s : 0));
    NdMessage message(fixed);
    wire::NdOptionsWriter& options = message.options();
    if (interface->device->carries_ethernet()) {
        options.link_address(wire::NdOptionType::source_link_address, interface->mac);
    }
    if (settings.mtu) {
        options.mtu(interface->mtu);
    }
    // Hosts prefer addresses of who is there. They keep those that they have while it is away, to
    // talk to one another, and not for long where nobody tells of them any more.
    const uint32_t valid_s = say == Say::ended ? std::min(settings.valid_lifetime_s, least_valid_s)
                                               : settings.valid_lifetime_s;
    const bool is_preferred = say == Say::here || say == Say::not_a_router;
    const auto tell = [&](const wire::Ip6Prefix& network, uint32_t valid, uint32_t preferred) {
        // Hosts make addresses of 64 bits and their interface identifier (RFC 4862 5.5.3 d).
        const bool autonomous = settings.autonomous && network.length() == 64;
        options.prefix_information(
            network,
            uint8_t(wire::NdPrefixInformation::on_link_flag |
                    (autonomous ? wire::NdPrefixInformation::autonomous_flag : 0)),
            valid, preferred);
    };
    for (const wire::Ip6Prefix& network : networks) {
        tell(network, valid_s, is_preferred ? settings.preferred_lifetime_s : 0);
    }
    const bool serves_dns = say == Say::here || (say == Say::not_a_router && !networks.empty());
    options.dns_servers(settings.dns_servers, serves_dns ? dns_lifetime_s : 0);
    // RFC 9096 3.5: both lifetimes are zero, and it is said for as long as a host may have heard
    // before. What it has of them beyond that is its own two hours.
    for (const wire::Ip6Prefix& network : link.prefixes.withdrawn()) {
        tell(network, 0, 0);
    }
    options.dns_servers(link.dns_servers.withdrawn(), 0);
    const wire::Ip6Address all = wire::Ip6Address::all_nodes();
    nd_.send_message(index, message, source, all, all.multicast_mac());
    return true;
}

std::vector<wire::Ip6Prefix> RouterAdvertisements::withdrawn_of(interface::Index interface) const {
    const auto found = links_.find(interface);
    return found == links_.end() ? std::vector<wire::Ip6Prefix>()
                                 : found->second.prefixes.withdrawn();
}

}  // namespace vnet::neighbor
