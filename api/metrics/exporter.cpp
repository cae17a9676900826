// SPDX-License-Identifier: Apache-2.0
#include "api/metrics/exporter.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <iterator>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "api/metrics/session.hpp"
#include "api/metrics/text.hpp"
#include "api/server/listener.hpp"

namespace api::metrics {

namespace asio = boost::asio;
using asio::generic::stream_protocol;
using asio::ip::tcp;

namespace {

constexpr auto pause_after_failed_accept = std::chrono::milliseconds(100);

/// A page on its way, carried from step to step on the control thread.
struct Collection {
    Page page;
    std::string after;
};

}  // namespace

class Exporter::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(const Collectors& collectors, asio::io_context& control, Endpoint endpoint,
         const Limits& limits)
        : collectors_(collectors),
          control_(control),
          endpoint_(std::move(endpoint)),
          limits_(limits) {
        host_.get_page = [this](Format format, Session::OnPage on_page) {
            // Of connections that were closed meanwhile, requests still wait.
            if (waiting_.size() >= 2 * limits_.connections) {
                return on_page(nullptr);
            }
            waiting_.emplace_back(format, std::move(on_page));
            collect();
        };
        host_.on_request = [this](Session& session) {
            sessions_.splice(sessions_.end(), sessions_, session.place);
        };
        host_.on_end = [this](Session& session) { sessions_.erase(session.place); };
    }

    absl::Status start() {
        if (auto status = endpoint_.unix_path.empty() ? listen_tcp() : listen_unix();
            !status.ok()) {
            return status;
        }
        thread_ = std::thread([this] { context_.run(); });
        return absl::OkStatus();
    }

    void stop() {
        alive_ = false;
        asio::post(context_, [this] {
            acceptor_.close();
            if (listener_ != nullptr) {
                listener_->close();
            }
            for (const auto& session : sessions_) {
                session->close();
            }
            sessions_.clear();
            waiting_.clear();
            timer_.cancel();
            pause_.cancel();
            guard_.reset();
        });
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    const Endpoint& endpoint() const noexcept { return endpoint_; }

private:
    absl::Status listen_tcp() {
        const tcp::endpoint wanted(asio::ip::make_address(endpoint_.address), endpoint_.port);
        boost::system::error_code error;
        acceptor_.open(wanted.protocol(), error);
        if (!error) {
            acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        }
        if (!error) {
            acceptor_.bind(wanted, error);
        }
        if (!error) {
            acceptor_.listen(asio::socket_base::max_listen_connections, error);
        }
        if (error) {
            return absl::UnavailableError(
                fmt::format("metrics cannot be served at {}: {}; give another address or port",
                            to_string(endpoint_), error.message()));
        }
        endpoint_.port = acceptor_.local_endpoint().port();
        accept();
        return absl::OkStatus();
    }

    absl::Status listen_unix() {
        Server::Options options;
        options.unix_path = endpoint_.unix_path;
        auto listener = Listener::open(options);
        if (!listener.ok()) {
            return listener.status();
        }
        listener_ = *std::move(listener);
        listener_->serve(context_, [this](int fd, const Peer&) {
            serve(stream_protocol::socket(context_, stream_protocol(AF_UNIX, 0), fd));
        });
        return absl::OkStatus();
    }

    void accept() {
        acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
            if (!acceptor_.is_open()) {
                return;
            }
            if (!error) {
                serve(std::move(socket));
                return accept();
            }
            // Out of descriptors, most likely: trying again at once would only burn the core.
            pause_.expires_after(pause_after_failed_accept);
            pause_.async_wait([this](const boost::system::error_code& cancelled) {
                if (!cancelled) {
                    accept();
                }
            });
        });
    }

    void serve(stream_protocol::socket socket) {
        if (sessions_.size() >= limits_.connections) {
            sessions_.front()->close();
            sessions_.pop_front();
        }
        sessions_.push_back(std::make_shared<Session>(std::move(socket), host_, limits_));
        sessions_.back()->place = std::prev(sessions_.end());
        sessions_.back()->start();
    }

    // ---- a page ----

    void collect() {
        if (!collecting_) {
            collecting_ = true;
            step(control_, weak_from_this(), collectors_, std::make_shared<Collection>());
        }
        if (waiting_.size() == 1) {
            timer_.expires_after(limits_.collect_time);
            timer_.async_wait([this](const boost::system::error_code& cancelled) {
                if (!cancelled) {
                    deliver(nullptr);
                }
            });
        }
    }

    /// Collects one family on the control thread, then posts the next step. The exporter goes on
    /// the same thread, so that it is there for the length of a step, or gone.
    static void step(asio::io_context& control, std::weak_ptr<Impl> weak,
                     const Collectors& collectors, std::shared_ptr<Collection> collection) {
        asio::post(control, [&control, weak, &collectors, collection] {
            const auto self = weak.lock();
            if (self == nullptr || !self->alive_) {
                return;
            }
            if (collectors.collect_next(collection->after, collection->page)) {
                return step(control, weak, collectors, collection);
            }
            asio::post(self->context_, [bare = self.get(), collection] {
                bare->collecting_ = false;
                bare->timer_.cancel();
                bare->deliver(&collection->page);
            });
        });
    }

    /// Answers all that wait; null: nothing came in time.
    void deliver(const Page* page) {
        const auto waiting = std::exchange(waiting_, {});
        std::array<std::shared_ptr<const std::string>, 2> texts;
        for (const auto& [format, on_page] : waiting) {
            auto& text = texts[size_t(format)];
            if (page != nullptr && text == nullptr) {
                text = std::make_shared<const std::string>(render(*page, format));
            }
            on_page(text);
        }
    }

    const Collectors& collectors_;
    asio::io_context& control_;
    Endpoint endpoint_;
    const Limits limits_;
    Session::Host host_;

    // The exporter's thread has what follows to itself once it runs.
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
    tcp::acceptor acceptor_{context_};
    std::unique_ptr<Listener> listener_;
    asio::steady_timer timer_{context_};
    asio::steady_timer pause_{context_};
    /// The one that was silent longest in front.
    std::list<std::shared_ptr<Session>> sessions_;
    std::vector<std::pair<Format, Session::OnPage>> waiting_;
    bool collecting_ = false;

    /// Control thread.
    bool alive_ = true;
    std::thread thread_;
};

Exporter::Exporter(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Exporter::~Exporter() {
    impl_->stop();
}

const Endpoint& Exporter::endpoint() const noexcept {
    return impl_->endpoint();
}

absl::StatusOr<std::unique_ptr<Exporter>> Exporter::start(const Collectors& collectors,
                                                          asio::io_context& control,
                                                          const Endpoint& endpoint,
                                                          const Limits& limits) {
    auto impl = std::make_shared<Impl>(collectors, control, endpoint, limits);
    if (auto status = impl->start(); !status.ok()) {
        return status;
    }
    return std::unique_ptr<Exporter>(new Exporter(std::move(impl)));
}

}  // namespace api::metrics
