// SPDX-License-Identifier: Apache-2.0
#include "vnet/device/port.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <rte_dev.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "vnet/device/link_bytes.hpp"
#include "vnet/device/random_mac.hpp"

namespace vnet::device {

namespace {

constexpr std::chrono::seconds time_to_shake_hands{5};
constexpr uint32_t check_sequence_bytes = 4;
/// What is looked at, at most, to empty a queue of old packets.
constexpr unsigned most_old_packets = 65536;
/// The longest packet of layer 3 that a single buffer holds.
constexpr uint32_t one_buffer_mtu = graph::buffer_bytes - ethernet_bytes - vlan_bytes;

wire::MacAddress from_dpdk(const rte_ether_addr& address) {
    std::array<uint8_t, 6> bytes;
    std::memcpy(bytes.data(), address.addr_bytes, bytes.size());
    return wire::MacAddress(bytes);
}

/// Up and with a carrier, as the kernel sees it.
bool host_link(const std::string& name) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    const bool known = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return known && (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

}  // namespace

Port::Port(Ports& ports, interface::Index index, Devargs devargs, const PortOptions& options,
           uint16_t port_id, std::vector<OpenSocket> sockets)
    : ports_(ports),
      index_(index),
      devargs_(std::move(devargs)),
      options_(options),
      port_id_(port_id),
      sockets_(std::move(sockets)) {
    ports_.devices_[devargs_.name] = devargs_.host_interface();
    if (const std::string listener = devargs_.memif_listener(); !listener.empty()) {
        ports_.listeners_.insert(listener);
    }
    rte_eth_dev_info_get(port_id_, &info_);
    traits_ = traits_of(info_.driver_name == nullptr ? "" : info_.driver_name);
    mtu_ = std::min<uint32_t>(1500, max_mtu());
}

Port::~Port() {
    if (up_) {
        (void)set_up(false);
    }
    const DpdkLog::Capture capture(ports_.log_);
    if (started_) {
        rte_eth_dev_stop(port_id_);
    }
    wait_for_interrupt_thread();
    // Servers of one socket have one listener.
    if (const std::string listener = devargs_.memif_listener(); !listener.empty()) {
        ports_.listeners_.extract(listener);
        if (!ports_.listeners_.contains(listener)) {
            silence_listener(listener);
        }
    }
    rte_eth_dev_close(port_id_);
    wait_for_interrupt_thread();
    if (rte_dev_remove(info_.device) != 0) {
        spdlog::warn("device '{}' was not unplugged cleanly: {}", devargs_.name, capture.reason());
    }
    if (traits_.leaves_sockets && !sockets_.empty()) {
        close_sockets(sockets_);
        ports_.spent_.insert(devargs_.host_queue());
    }
    ports_.devices_.erase(devargs_.name);
}

std::string Port::complain(std::string_view what, int error, const std::string& reason) const {
    // Many drivers answer no more than -1: what they log tells more.
    return fmt::format("device '{}' {}: {}", devargs_.name, what,
                       reason.empty() ? std::strerror(std::abs(error)) : reason);
}

absl::Status Port::check_queues() const {
    if (options_.rx_queues == 0 || options_.rx_queues > info_.max_rx_queues) {
        return absl::OutOfRangeError(
            fmt::format("device '{}' cannot have {} receive queues; it takes 1 to {}",
                        devargs_.name, options_.rx_queues, info_.max_rx_queues));
    }
    if (options_.tx_queues > info_.max_tx_queues) {
        return absl::OutOfRangeError(
            fmt::format("device '{}' cannot have {} transmit queues; it takes up to {}",
                        devargs_.name, options_.tx_queues, info_.max_tx_queues));
    }
    if (info_.max_tx_queues == 0) {
        return absl::UnavailableError(fmt::format("device '{}' cannot transmit", devargs_.name));
    }
    return absl::OkStatus();
}

absl::Status Port::configure() {
    if (auto status = check_queues(); !status.ok()) {
        return status;
    }
    const DpdkLog::Capture capture(ports_.log_);
    const unsigned workers = unsigned(ports_.engine_.workers().size());
    const unsigned wanted = traits_.queues_in_pairs ? options_.rx_queues : workers;
    rx_queues_ = uint16_t(options_.rx_queues);
    tx_.port_id = port_id_;
    tx_.interface = index_;
    tx_.queues =
        uint16_t(options_.tx_queues != 0 ? options_.tx_queues
                                         : std::min<unsigned>(wanted, info_.max_tx_queues));
    tx_.chains = traits_.chains || (info_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
    if (tx_.queues < workers) {
        tx_.locks = std::make_unique<TxPort::Lock[]>(tx_.queues);
    }
    // A driver that has no receive interrupts may refuse to be asked for them.
    interrupts_ = true;
    int error = set_queues_up(true);
    if (error != 0) {
        interrupts_ = false;
        error = set_queues_up(false);
    }
    if (error != 0) {
        return absl::UnavailableError(
            complain(fmt::format("cannot be set up with {} receive and {} transmit queues",
                                 rx_queues_, tx_.queues),
                     error, capture.reason()));
    }
    learn_mac();
    return absl::OkStatus();
}

int Port::set_queues_up(bool interrupts) {
    rte_eth_conf conf{};
    conf.rxmode.mtu = mtu_;
    // Only where it is needed: it may cost a driver its fastest way to receive.
    conf.rxmode.offloads = needs_scatter(mtu_) ? RTE_ETH_RX_OFFLOAD_SCATTER : 0;
    conf.intr_conf.rxq = interrupts ? 1 : 0;
    if (rx_queues_ > 1 && info_.flow_type_rss_offloads != 0) {
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf =
            info_.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
    }
    conf.txmode.offloads = info_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    if (const int error = rte_eth_dev_configure(port_id_, rx_queues_, tx_.queues, &conf);
        error != 0) {
        return error;
    }
    auto rx_descriptors = uint16_t(std::min(options_.rx_descriptors, 65535U));
    auto tx_descriptors = uint16_t(std::min(options_.tx_descriptors, 65535U));
    if (const int error =
            rte_eth_dev_adjust_nb_rx_tx_desc(port_id_, &rx_descriptors, &tx_descriptors);
        error != 0) {
        return error;
    }
    const auto socket = unsigned(rte_eth_dev_socket_id(port_id_));
    const auto before = open_sockets(traits_.socket_domain);
    for (uint16_t queue = 0; queue < rx_queues_; ++queue) {
        if (const int error = rte_eth_rx_queue_setup(port_id_, queue, rx_descriptors, socket,
                                                     nullptr, ports_.engine_.pool().mempool());
            error != 0) {
            return error;
        }
    }
    if (traits_.socket_domain != 0 && !traits_.sockets_at_once) {
        const auto opened = opened_since(before, traits_.socket_domain);
        sockets_.insert(sockets_.end(), opened.begin(), opened.end());
    }
    for (uint16_t queue = 0; queue < tx_.queues; ++queue) {
        if (const int error =
                rte_eth_tx_queue_setup(port_id_, queue, tx_descriptors, socket, nullptr);
            error != 0) {
            return error;
        }
    }
    return 0;
}

void Port::learn_mac() {
    rte_ether_addr address{};
    rte_eth_macaddr_get(port_id_, &address);
    mac_ = from_dpdk(address);
    if (!mac_.is_unicast()) {
        mac_ = random_mac();
        std::memcpy(address.addr_bytes, mac_.bytes().data(), sizeof(address.addr_bytes));
        rte_eth_dev_default_mac_addr_set(port_id_, &address);
    }
}

uint32_t Port::max_mtu() const {
    if (traits_.chains) {
        return jumbo_mtu;
    }
    const bool several = (info_.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) != 0 &&
                         (info_.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
    uint32_t mtu = std::min<uint32_t>(several ? jumbo_mtu : one_buffer_mtu, info_.max_mtu);
    // Some drivers leave the largest packet at "no limit"; where they do not, it has the check
    // sequence in it.
    if (info_.max_rx_pktlen > ethernet_bytes + check_sequence_bytes) {
        mtu = std::min<uint32_t>(mtu, info_.max_rx_pktlen - ethernet_bytes - check_sequence_bytes);
    }
    return mtu;
}

absl::Status Port::start() {
    const DpdkLog::Capture capture(ports_.log_);
    int error = rte_eth_dev_start(port_id_);
    if (error != 0 && interrupts_) {
        interrupts_ = false;
        error = set_queues_up(false);
        error = error != 0 ? error : rte_eth_dev_start(port_id_);
    }
    if (error != 0) {
        return absl::UnavailableError(complain("does not start", error, capture.reason()));
    }
    started_ = true;
    // For ND, OSPF and the like; drivers without a filter refuse, and need it not.
    rte_eth_allmulticast_enable(port_id_);
    apply_promiscuous();
    return absl::OkStatus();
}

void Port::set_promiscuous(bool on) {
    promiscuous_ = on;
    if (started_) {
        apply_promiscuous();
    }
}

void Port::apply_promiscuous() {
    // A driver without a filter may call itself promiscuous from the beginning; that stays.
    const bool tell = promiscuous_ ? rte_eth_promiscuous_get(port_id_) != 1 : made_promiscuous_;
    if (!tell) {
        return;
    }
    const DpdkLog::Capture capture(ports_.log_);
    const int error =
        promiscuous_ ? rte_eth_promiscuous_enable(port_id_) : rte_eth_promiscuous_disable(port_id_);
    made_promiscuous_ = promiscuous_ && error == 0;
    // These have no filter, whatever they answer.
    if (error == 0 || traits_.takes_any_mac) {
        return;
    }
    if (promiscuous_) {
        spdlog::warn(
            "{}; what is bridged or joined by it may get frames to its own MAC address and "
            "to groups only",
            complain("does not become promiscuous", error, capture.reason()));
    } else {
        spdlog::warn("{}", complain("stays promiscuous", error, capture.reason()));
    }
}

void Port::stop() {
    if (traits_.restarts) {
        rte_eth_dev_stop(port_id_);
        wait_for_interrupt_thread();
        started_ = false;
    }
}

void Port::discard_old() {
    rte_mbuf* old[graph::vector_size];
    for (uint16_t queue = 0; queue < rx_queues_; ++queue) {
        unsigned seen = 0;
        uint16_t count = 0;
        do {
            count = rte_eth_rx_burst(port_id_, queue, old, graph::vector_size);
            rte_pktmbuf_free_bulk(old, count);
            seen += count;
        } while (count != 0 && seen < most_old_packets);
    }
}

int Port::socket_of(uint16_t queue) const {
    // The driver opens them one after the other, and the kernel gives the lowest descriptor that is
    // free. Where there are others than expected, a timer does it.
    return sockets_.size() == rx_queues_ ? sockets_[queue].first : -1;
}

absl::Status Port::set_up(bool up) {
    if (up == up_) {
        return absl::OkStatus();
    }
    if (!up) {
        for (const auto& source : sources_) {
            ports_.engine_.detach(source.get());
        }
        sources_.clear();
        ports_.tx_->set(port_id_, nullptr);
        ports_.engine_.rcu().synchronize();
        stop();
        up_ = false;
        return absl::OkStatus();
    }
    if (!started_) {
        if (auto status = start(); !status.ok()) {
            return status;
        }
    }
    if (traits_.fills_while_down) {
        discard_old();
    }
    const DpdkLog::Capture capture(ports_.log_);
    ports_.tx_->set(port_id_, &tx_);
    for (uint16_t queue = 0; queue < rx_queues_; ++queue) {
        sources_.push_back(std::make_shared<RxQueue>(ports_.table_, index_, ports_.path_, port_id_,
                                                     queue, interrupts_, socket_of(queue)));
        (void)ports_.engine_.attach(sources_.back());
    }
    up_ = true;
    came_up_ = std::chrono::steady_clock::now();
    return absl::OkStatus();
}

void Port::rejoin() {
    // A memif client connects only when it is started.
    if (devargs_.driver != "net_memif" || !devargs_.memif_listener().empty()) {
        return;
    }
    // DPDK's server does not bear a client that leaves while the two shake hands: give them time.
    if (up_ && std::chrono::steady_clock::now() - came_up_ < time_to_shake_hands) {
        return;
    }
    (void)set_up(false);
    // As long as the server is away this is refused, and tried again.
    (void)set_up(true);
}

bool Port::needs_scatter(uint32_t mtu) const {
    return !traits_.chains && mtu > one_buffer_mtu;
}

absl::Status Port::set_up_anew(uint32_t mtu) {
    const bool up = up_;
    (void)set_up(false);
    const DpdkLog::Capture capture(ports_.log_);
    const uint32_t before = std::exchange(mtu_, mtu);
    absl::Status status;
    if (const int error = set_queues_up(interrupts_); error != 0) {
        status = absl::UnavailableError(
            complain(fmt::format("does not take an MTU of {}", mtu), error, capture.reason()));
        mtu_ = before;
        (void)set_queues_up(interrupts_);
    }
    if (up) {
        status.Update(set_up(true));
    }
    return status;
}

absl::Status Port::set_mtu(uint32_t mtu) {
    if (needs_scatter(mtu) != needs_scatter(mtu_)) {
        return set_up_anew(mtu);
    }
    const DpdkLog::Capture capture(ports_.log_);
    int error = rte_eth_dev_set_mtu(port_id_, uint16_t(mtu));
    if (error == -EBUSY && up_ && traits_.restarts) {
        // Many network cards change it only while they stand still.
        (void)set_up(false);
        error = rte_eth_dev_set_mtu(port_id_, uint16_t(mtu));
        if (auto status = set_up(true); !status.ok()) {
            return status;
        }
    }
    // Where the device has no say in it, its own limit is in max_mtu().
    if (error != 0 && error != -ENOTSUP) {
        return absl::UnavailableError(
            complain(fmt::format("does not take an MTU of {}", mtu), error, capture.reason()));
    }
    mtu_ = mtu;
    return absl::OkStatus();
}

absl::Status Port::set_mac(const wire::MacAddress& mac) {
    const DpdkLog::Capture capture(ports_.log_);
    rte_ether_addr address{};
    std::memcpy(address.addr_bytes, mac.bytes().data(), sizeof(address.addr_bytes));
    const int error = rte_eth_dev_default_mac_addr_set(port_id_, &address);
    if (error != 0 && !traits_.takes_any_mac) {
        if (error == -ENOTSUP) {
            return absl::UnimplementedError(
                fmt::format("device '{}' cannot change its MAC address; set {} on the host "
                            "interface before the port is added",
                            devargs_.name, mac));
        }
        return absl::UnavailableError(complain(fmt::format("does not take the MAC address {}", mac),
                                               error, capture.reason()));
    }
    mac_ = mac;
    return absl::OkStatus();
}

bool Port::link_up() const {
    if (!started_) {
        return false;
    }
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(port_id_, &link) != 0 || link.link_status != RTE_ETH_LINK_UP) {
        return false;
    }
    // These drivers call the link up whatever the kernel's interface does.
    const std::string host(devargs_.host_interface());
    return host.empty() || host_link(host);
}

std::vector<std::pair<std::string, uint64_t>> Port::device_counters() const {
    rte_eth_stats stats{};
    if (rte_eth_stats_get(port_id_, &stats) != 0) {
        return {};
    }
    return {{"rx-packets", stats.ipackets},    {"rx-bytes", stats.ibytes},
            {"rx-missed", stats.imissed},      {"rx-errors", stats.ierrors},
            {"rx-no-buffer", stats.rx_nombuf}, {"tx-packets", stats.opackets},
            {"tx-bytes", stats.obytes},        {"tx-errors", stats.oerrors}};
}

std::vector<interface::QueueCounters> Port::queue_counters() const {
    rte_eth_stats stats{};
    if (rte_eth_stats_get(port_id_, &stats) != 0) {
        return {};
    }
    // A driver that does not count by queue leaves zeros, which would be taken for silence.
    const bool counts = stats.ipackets + stats.opackets == 0 ||
                        std::any_of(std::begin(stats.q_ipackets), std::end(stats.q_ipackets),
                                    [](uint64_t packets) { return packets != 0; }) ||
                        std::any_of(std::begin(stats.q_opackets), std::end(stats.q_opackets),
                                    [](uint64_t packets) { return packets != 0; });
    std::vector<interface::QueueCounters> queues;
    constexpr unsigned counted = RTE_ETHDEV_QUEUE_STAT_CNTRS;
    for (unsigned queue = 0; counts && queue < std::min<unsigned>(rx_queues_, counted); ++queue) {
        queues.push_back({true, queue, stats.q_ipackets[queue], stats.q_ibytes[queue]});
    }
    for (unsigned queue = 0; counts && queue < std::min<unsigned>(tx_.queues, counted); ++queue) {
        queues.push_back({false, queue, stats.q_opackets[queue], stats.q_obytes[queue]});
    }
    return queues;
}

}  // namespace vnet::device
