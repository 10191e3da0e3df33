/**
 * What the real tools printed, recorded on the lab with the time of each piece: the demo's stand-ins say it again. In the bundle, because the
 * packaged product has no fixtures; test/demo/recorded.test.ts compares.
 */

/** fixtures/recorded/demo/pg_upgrade-link.timed: milliseconds since its start, a tab, what came then. */
export const upgradeLink = `# --old-bindir=/opt/vmware/postgres/15/bin --new-bindir=/opt/vmware/postgres/17/bin --old-datadir=/var/lib/pgsql/data --new-datadir=/var/lib/pgsql/17/data --username=postgres --link --retain
53	Performing Consistency Checks\\n-----------------------------\\nChecking cluster versions                                     ok\\n
295	Checking database user is the install user                    
298	ok\\nChecking database connection settings                         
301	ok\\n
304	Checking for prepared transactions                            
305	ok\\nChecking for contrib/isn with bigint-passing mismatch         ok\\nChecking data type usage                                      
372	ok\\nChecking for not-null constraint inconsistencies              
388	ok\\nCreating dump of global objects                               
407	ok\\nCreating dump of database schemas                             
658	ok\\n
893	Checking for presence of required libraries                   
894	ok\\n
896	Checking database user is the install user                    
897	ok\\n
899	Checking for prepared transactions                            
901	ok\\nChecking for new cluster tablespace directories               ok\\n\\nIf pg_upgrade fails after this point, you must re-initdb the\\nnew cluster before continuing.\\n\\nPerforming Upgrade\\n------------------\\nSetting locale and encoding for new cluster                   
903	ok\\n
905	Analyzing all rows in the new cluster                         
1020	ok\\n
1020	Freezing all rows in the new cluster                          
1059	ok\\n
1161	Deleting files from new pg_xact                               
1161	ok\\n
1162	Copying old pg_xact to new server                             
1164	ok\\n
1164	Setting oldest XID for new cluster                            
1174	ok\\n
1174	Setting next transaction ID and epoch for new cluster         
1203	ok\\n
1203	Deleting files from new pg_multixact/offsets                  
1203	ok\\n
1203	Copying old pg_multixact/offsets to new server                
1205	ok\\n
1205	Deleting files from new pg_multixact/members                  
1205	ok\\n
1205	Copying old pg_multixact/members to new server                
1207	ok\\n
1207	Setting next multixact ID and offset for new cluster          
1216	ok\\n
1216	Resetting WAL archives                                        
1224	ok\\n
1350	Setting frozenxid and minmxid counters in new cluster         
1396	ok\\nRestoring global objects in the new cluster                   
1411	ok\\nRestoring database schemas in the new cluster                 
1765	ok\\n
1893	Adding ".old" suffix to old global/pg_control                 
1893	ok\\n\\nIf you want to start the old cluster, you will need to remove\\nthe ".old" suffix from /var/lib/pgsql/data/global/pg_control.old.\\nBecause "link" mode was used, the old cluster cannot be safely\\nstarted once the new cluster has been started.\\nLinking user relation files                                   
1895	ok\\nSetting next OID for new cluster                              
1916	ok\\nSync data directory to disk                                   
1936	ok\\nCreating script to delete old cluster                         
1936	ok\\n
2051	Checking for extension updates                                
2079	notice\\n\\nYour installation contains extensions that should be updated\\nwith the ALTER EXTENSION command.  The file\\n    update_extensions.sql\\nwhen executed by psql by the database superuser will update\\nthese extensions.\\n
2182	\\nUpgrade Complete\\n----------------\\nOptimizer statistics are not transferred by pg_upgrade.\\nOnce you start the new server, consider running:\\n    /opt/vmware/postgres/17/bin/vacuumdb -U postgres --all --analyze-in-stages\\nRunning this script will delete the old cluster's data files:\\n    ./delete_old_cluster.sh\\n
`;

/** fixtures/recorded/demo/pg_upgrade-monitor-copy.timed */
export const upgradeCopy = `# --old-bindir=/opt/vmware/postgres/15/bin --new-bindir=/opt/vmware/postgres/17/bin --old-datadir=/var/lib/pgsql/data --new-datadir=/var/lib/pgsql/17/data --username=postgres --new-options=-c shared_preload_libraries=pgautofailover -c max_worker_processes=0 --retain
45	Performing Consistency Checks\\n-----------------------------\\n
46	Checking cluster versions                                     
46	ok\\n
319	Checking database user is the install user                    
324	ok\\nChecking database connection settings                         
332	ok\\n
338	Checking for prepared transactions                            ok\\nChecking for contrib/isn with bigint-passing mismatch         ok\\nChecking data type usage                                      
398	ok\\nChecking for not-null constraint inconsistencies              
428	ok\\nCreating dump of global objects                               
481	ok\\nCreating dump of database schemas                             
714	ok\\n
976	Checking for presence of required libraries                   
977	ok\\n
981	Checking database user is the install user                    
984	ok\\n
989	Checking for prepared transactions                            
990	ok\\nChecking for new cluster tablespace directories               ok\\n\\nIf pg_upgrade fails after this point, you must re-initdb the\\nnew cluster before continuing.\\n\\nPerforming Upgrade\\n------------------\\nSetting locale and encoding for new cluster                   
994	ok\\nAnalyzing all rows in the new cluster                         
1127	ok\\nFreezing all rows in the new cluster                          
1179	ok\\n
1289	Deleting files from new pg_xact                               
1292	ok\\nCopying old pg_xact to new server                             
1303	ok\\nSetting oldest XID for new cluster                            
1309	ok\\n
1309	Setting next transaction ID and epoch for new cluster         
1387	ok\\nDeleting files from new pg_multixact/offsets                  
1389	ok\\nCopying old pg_multixact/offsets to new server                
1408	ok\\nDeleting files from new pg_multixact/members                  
1408	ok\\n
1408	Copying old pg_multixact/members to new server                
1410	ok\\n
1410	Setting next multixact ID and offset for new cluster          
1421	ok\\n
1421	Resetting WAL archives                                        
1442	ok\\n
1582	Setting frozenxid and minmxid counters in new cluster         
1648	ok\\nRestoring global objects in the new cluster                   
1675	ok\\nRestoring database schemas in the new cluster                 
2170	ok\\n
2485	Copying user relation files                                   
2487	ok\\n
2487	Setting next OID for new cluster                              
2562	ok\\n
2562	Sync data directory to disk                                   
2592	ok\\n
2593	Creating script to delete old cluster                         
2593	ok\\n
2724	Checking for extension updates                                
2767	notice\\n\\nYour installation contains extensions that should be updated\\nwith the ALTER EXTENSION command.  The file\\n    update_extensions.sql\\nwhen executed by psql by the database superuser will update\\nthese extensions.\\n
2870	\\nUpgrade Complete\\n----------------\\nOptimizer statistics are not transferred by pg_upgrade.\\nOnce you start the new server, consider running:\\n    /opt/vmware/postgres/17/bin/vacuumdb -U postgres --all --analyze-in-stages\\nRunning this script will delete the old cluster's data files:\\n    ./delete_old_cluster.sh\\n
`;

/** fixtures/recorded/postgresql-17.12/pg_upgrade/live-check.txt */
export const upgradeCheck = `Performing Consistency Checks on Old Live Server
------------------------------------------------
Checking cluster versions                                     ok
Checking database user is the install user                    ok
Checking database connection settings                         ok
Checking for prepared transactions                            ok
Checking for contrib/isn with bigint-passing mismatch         ok
Checking data type usage                                      ok
Checking for not-null constraint inconsistencies              ok
Checking for presence of required libraries                   ok
Checking database user is the install user                    ok
Checking for prepared transactions                            ok
Checking for new cluster tablespace directories               ok

*Clusters are compatible*
`;

/** fixtures/recorded/postgresql-17.12/pg_upgrade/fail-restore.pg_upgrade_dump_16384.log */
export const failedRestore = `command: "/usr/lib/postgresql/17/bin/pg_dump" --host /rec/w --port 50432 --username postgres --schema-only --quote-all-identifiers --binary-upgrade --format=custom  --file="/rec/new/pg_upgrade_output.d/20261123T010755.471/dump/pg_upgrade_dump_16384.custom" 'dbname=app' >> "/rec/new/pg_upgrade_output.d/20261123T010755.471/log/pg_upgrade_dump_16384.log" 2>&1


command: "/usr/lib/postgresql/17/bin/pg_restore" --host /rec/w --port 50432 --username postgres --create --exit-on-error --verbose --transaction-size=1000 --dbname template1 "/rec/new/pg_upgrade_output.d/20261123T010755.471/dump/pg_upgrade_dump_16384.custom" >> "/rec/new/pg_upgrade_output.d/20261123T010755.471/log/pg_upgrade_dump_16384.log" 2>&1
pg_restore: connecting to database for restore
pg_restore: creating DATABASE "app"
pg_restore: connecting to new database "app"
pg_restore: creating DATABASE PROPERTIES "app"
pg_restore: connecting to new database "app"
pg_restore: creating pg_largeobject "pg_largeobject"
pg_restore: creating COMMENT "SCHEMA "public""
pg_restore: creating EXTENSION "pg_stat_statements"
pg_restore: creating COMMENT "EXTENSION "pg_stat_statements""
pg_restore: creating FUNCTION "public.pg_stat_statements(boolean)"
pg_restore: creating FUNCTION "public.pg_stat_statements_info()"
pg_restore: creating FUNCTION "public.pg_stat_statements_reset("oid", "oid", bigint)"
pg_restore: creating VIEW "public.bg"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 218; 1259 16422 VIEW bg postgres
pg_restore: error: could not execute query: ERROR:  column pg_stat_bgwriter.buffers_backend does not exist
LINE 18:  SELECT "pg_stat_bgwriter"."buffers_backend"
                 ^
Command was: 
-- For binary upgrade, must preserve pg_type oid
SELECT pg_catalog.binary_upgrade_set_next_pg_type_oid('16424'::pg_catalog.oid);


-- For binary upgrade, must preserve pg_type array oid
SELECT pg_catalog.binary_upgrade_set_next_array_pg_type_oid('16423'::pg_catalog.oid);


-- For binary upgrade, must preserve the attribute versions
SELECT pg_catalog.binary_upgrade_set_next_attribute_versions('{0/40212F0}'::pg_catalog.pg_lsn[]);


-- For binary upgrade, must preserve pg_class oids and relfilenodes
SELECT pg_catalog.binary_upgrade_set_next_heap_pg_class_oid('16422'::pg_catalog.oid);

CREATE VIEW "public"."bg" AS
 SELECT "pg_stat_bgwriter"."buffers_backend"
   FROM "pg_stat_bgwriter";


`;
