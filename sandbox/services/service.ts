process.title = process.argv[2] ?? 'service';
process.send?.({ is: 'ready' });
process.on('disconnect', () => process.exit(0));
setInterval(() => undefined, 1000);
