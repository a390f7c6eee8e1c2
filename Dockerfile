# docker build -t watership .    (another Node: --build-arg NODE_VERSION=24)
ARG NODE_VERSION=22

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:${NODE_VERSION}-bookworm-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
# The optional packages are the sandbox's; a bot in a container has a real Slack.
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM node:${NODE_VERSION}-bookworm-slim
ENV NODE_ENV=production
# Where the health port is; follow `health` of your watership.yaml.
ENV WATERSHIP_HEALTH_URL=http://127.0.0.1:8080/healthz
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=modules /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["node", "-e", "fetch(process.env.WATERSHIP_HEALTH_URL).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The configuration is looked for in /etc/watership/watership.yaml: mount it there.
ENTRYPOINT ["node", "dist/bot/main.js"]
CMD ["start"]
