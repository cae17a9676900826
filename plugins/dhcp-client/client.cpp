// SPDX-License-Identifier: Apache-2.0
#include "plugins/dhcp-client/client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "vnet/wire/text.hpp"

namespace dhcp_client {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// RFC 2131 4.1: waits double from 4 to 64 s, each a second more or less.
constexpr unsigned first_wait_s = 4;
constexpr unsigned most_wait_s = 64;
constexpr milliseconds spread{1000};
/// Without an answer to so many requests it begins anew; a lease that was held goes on being used.
constexpr unsigned tries_of_request = 4;
constexpr unsigned tries_of_reboot = 2;
/// RFC 2131 4.4.5: no more often while a lease is used.
constexpr seconds least_wait_of_renewal{60};
/// RFC 5227 2.1 has three probes; they are closer together here, as the server has probed as well.
constexpr unsigned probes = 3;
constexpr milliseconds probe_wait{200};
/// RFC 2131 3.1.5: at least so long behind a declined address.
constexpr seconds wait_of_conflict{10};
/// Behind a lease that the router cannot use: only an operator can change that.
constexpr seconds wait_of_refusal{60};

}  // namespace

std::string_view name(State state) {
    switch (state) {
        case State::off:
            return "off";
        case State::init:
            return "init";
        case State::selecting:
            return "selecting";
        case State::requesting:
            return "requesting";
        case State::probing:
            return "probing";
        case State::bound:
            return "bound";
        case State::renewing:
            return "renewing";
        case State::rebinding:
            return "rebinding";
        case State::rebooting:
            return "rebooting";
    }
    return {};
}

// ---- from outside ----

void Client::up(Clock::time_point now) {
    if (state_ != State::off) {
        return;
    }
    if (lease_ && now < lease_->end) {
        exchange(State::rebooting, now);
        actions_.listen(true, {});
        ask(now);
    } else {
        begin(now, {});
    }
}

void Client::down(Clock::time_point now) {
    if (state_ == State::off) {
        return;
    }
    state_ = State::off;
    candidate_.reset();
    actions_.listen(false, {});
    due_ = lease_ ? std::optional(std::max(lease_->end, now)) : std::nullopt;
}

void Client::stop() {
    if (lease_) {
        actions_.unbind();
        lease_.reset();
    }
    if (state_ != State::off) {
        actions_.listen(false, {});
    }
    state_ = State::off;
    due_.reset();
}

void Client::receive(const Reply& reply, Clock::time_point now) {
    if (reply.client != mac_ || reply.transaction != transaction_) {
        return;
    }
    switch (state_) {
        case State::selecting:
            if (reply.type == Type::offer && lease_of(reply)) {
                offer_ = reply;
                state_ = State::requesting;
                tries_ = 0;
                ask(now);
            }
            return;
        case State::requesting:
        case State::renewing:
        case State::rebinding:
        case State::rebooting:
            if (reply.type == Type::ack) {
                take(reply, now);
            } else if (reply.type == Type::nak) {
                const seconds delay(failures_ == 0 ? 0 : 1 << std::min(failures_, 6U));
                ++failures_;
                lose(now, delay,
                     fmt::format("server {} refuses the address{}{}", reply.server,
                                 reply.text.empty() ? "" : ": ", reply.text));
            }
            return;
        case State::off:
        case State::init:
        case State::probing:
        case State::bound:
            return;
    }
}

void Client::conflict(const MacAddress& who, Clock::time_point now) {
    if (state_ != State::probing || who == mac_) {
        return;
    }
    problem_ = fmt::format("{} has the address {} that server {} leases", who,
                           candidate_->address.address(), candidate_->server);
    Request decline = request(Type::decline, now);
    decline.wanted = candidate_->address.address();
    decline.server = candidate_->server;
    decline.text = "in use";
    actions_.send(decline, Actions::Way::broadcast, {});
    begin(now, wait_of_conflict);
}

void Client::evict(Clock::time_point now) {
    if (lease_) {
        lose(now, {},
             fmt::format("the leased address {} was taken from the interface", lease_->address));
    }
}

void Client::tick(Clock::time_point now) {
    if (!due_ || now < *due_) {
        return;
    }
    switch (state_) {
        case State::off:
            actions_.unbind();
            lease_.reset();
            due_.reset();
            return;
        case State::init:
            exchange(State::selecting, now);
            discover(now);
            return;
        case State::selecting:
            discover(now);
            return;
        case State::requesting:
            tries_ < tries_of_request ? ask(now) : begin(now, {});
            return;
        case State::rebooting:
            // It may be used to its end without an answer (RFC 2131 3.2.4).
            tries_ < tries_of_reboot ? ask(now) : bound();
            return;
        case State::probing:
            probe(now);
            return;
        case State::bound:
            exchange(State::renewing, now);
            refresh(now);
            return;
        case State::renewing:
        case State::rebinding:
            refresh(now);
            return;
    }
}

// ---- what is sent ----

Request Client::request(Type type, Clock::time_point now) const {
    Request request;
    request.type = type;
    request.transaction = transaction_;
    request.client = mac_;
    const auto since = std::chrono::duration_cast<seconds>(now - began_).count();
    request.seconds = uint16_t(std::clamp<int64_t>(since, 0, 0xffff));
    request.hostname = settings_.hostname;
    request.client_id = settings_.client_id;
    return request;
}

Clock::time_point Client::retry(Clock::time_point now) {
    const seconds wait(std::min(most_wait_s, first_wait_s << std::min(tries_, 4U)));
    ++tries_;
    return now + wait - spread + milliseconds(random_() % uint32_t(2 * spread.count()));
}

void Client::begin(Clock::time_point now, Clock::duration delay) {
    state_ = State::init;
    candidate_.reset();
    actions_.listen(true, {});
    due_ = now + delay;
}

void Client::exchange(State state, Clock::time_point now) {
    state_ = state;
    transaction_ = random_();
    began_ = now;
    tries_ = 0;
}

void Client::discover(Clock::time_point now) {
    actions_.send(request(Type::discover, now), Actions::Way::broadcast, {});
    due_ = retry(now);
}

void Client::ask(Clock::time_point now) {
    Request message = request(Type::request, now);
    if (state_ == State::rebooting) {
        message.wanted = lease_->address.address();
    } else {
        message.wanted = offer_.address;
        message.server = offer_.server;
    }
    sent_ = now;
    actions_.send(message, Actions::Way::broadcast, {});
    due_ = retry(now);
}

void Client::refresh(Clock::time_point now) {
    if (now >= lease_->end) {
        lose(now, {},
             fmt::format("server {} did not answer before the lease of {} ended", lease_->server,
                         lease_->address));
        return;
    }
    if (now >= lease_->rebind) {
        state_ = State::rebinding;
    }
    Request message = request(Type::request, now);
    message.own = lease_->address.address();
    sent_ = now;
    const bool renewing = state_ == State::renewing;
    actions_.send(message, renewing ? Actions::Way::routed : Actions::Way::broadcast,
                  lease_->server);
    const Clock::time_point end = renewing ? lease_->rebind : lease_->end;
    const Clock::duration half = (end - now) / 2;
    due_ = std::min(end, now + std::max<Clock::duration>(half, least_wait_of_renewal));
}

void Client::probe(Clock::time_point now) {
    if (tries_ == probes) {
        bind(now);
        return;
    }
    ++tries_;
    actions_.probe(candidate_->address.address());
    due_ = now + probe_wait;
}

// ---- leases ----

std::optional<Lease> Client::lease_of(const Reply& reply) const {
    if (!reply.address.valid_source() || !reply.server.valid_source() || !reply.lease ||
        reply.lease->count() == 0) {
        return std::nullopt;
    }
    // RFC 2131 4.4.5: where the server says nothing of use.
    const seconds whole = *reply.lease;
    const bool own_rebind = reply.rebind && reply.rebind->count() > 0 && *reply.rebind < whole;
    const seconds rebind = own_rebind ? *reply.rebind : whole * 7 / 8;
    const bool own_renew = reply.renew && reply.renew->count() > 0 && *reply.renew <= rebind;
    const seconds renew = own_renew ? *reply.renew : std::min(whole / 2, rebind);
    Lease lease;
    lease.address = Ip4Prefix(reply.address, reply.length);
    lease.server = reply.server;
    lease.routes = reply.routes;
    lease.name_servers = reply.name_servers;
    lease.domain = reply.domain;
    lease.mtu = reply.mtu;
    lease.renew = sent_ + renew;
    lease.rebind = sent_ + rebind;
    lease.end = sent_ + whole;
    return lease;
}

void Client::take(const Reply& reply, Clock::time_point now) {
    const std::optional<Lease> lease = lease_of(reply);
    if (!lease) {
        return;
    }
    candidate_ = lease;
    if (lease_ && lease_->address == lease->address) {
        bind(now);
        return;
    }
    if (lease_) {
        actions_.unbind();
        lease_.reset();
    }
    state_ = State::probing;
    tries_ = 0;
    actions_.listen(true, lease->address.address());
    probe(now);
}

void Client::bind(Clock::time_point now) {
    lease_ = std::move(candidate_);
    candidate_.reset();
    if (const absl::Status status = actions_.bind(*lease_); !status.ok()) {
        problem_ = std::string(status.message());
        lease_.reset();
        begin(now, wait_of_refusal);
        return;
    }
    problem_.clear();
    failures_ = 0;
    bound();
}

void Client::bound() {
    state_ = State::bound;
    actions_.listen(false, {});
    due_ = lease_->renew;
}

void Client::lose(Clock::time_point now, Clock::duration delay, std::string why) {
    problem_ = std::move(why);
    if (lease_) {
        actions_.unbind();
        lease_.reset();
    }
    begin(now, delay);
}

}  // namespace dhcp_client
